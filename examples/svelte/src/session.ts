import { createSubscriber } from 'svelte/reactivity'
import { auth } from '../../lib/auth.js'

const subscribe = createSubscriber((update) => auth.subscribe(update))

/** Who is signed in; read in a template or an effect, it runs anew when that changes, in whichever tab it does. */
export const session = {
  get current() {
    subscribe()
    return auth.session
  },
}
