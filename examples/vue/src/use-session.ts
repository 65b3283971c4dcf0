import { onScopeDispose, shallowRef } from 'vue'
import { auth } from '../../lib/auth.js'

/** Who is signed in; changes in whichever tab that does. */
export function useSession() {
  const session = shallowRef(auth.session)
  onScopeDispose(
    auth.subscribe(() => {
      session.value = auth.session
    }),
  )
  return session
}
