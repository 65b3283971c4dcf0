import { createSubscriber } from 'svelte/reactivity'
import { auth } from '../../lib/auth.js'
import { notices } from '../../lib/notices.js'

const watchSession = createSubscriber((update) => auth.subscribe(update))
const watchNotices = createSubscriber((update) => notices.subscribe(update))

/** Who is signed in; read in a template or an effect, it runs anew when that changes, in whichever tab it does. */
export const session = {
  get current() {
    watchSession()
    return auth.session
  },
}

export const notice = {
  get current() {
    watchNotices()
    return notices.current
  },
}
