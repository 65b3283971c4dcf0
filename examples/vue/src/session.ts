import { shallowRef } from 'vue'
import { auth } from '../../lib/auth.js'

/** Who is signed in; changes in whichever tab that does. */
export const session = shallowRef(auth.session)
auth.subscribe(() => {
  session.value = auth.session
})
