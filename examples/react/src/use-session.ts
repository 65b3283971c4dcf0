import { useSyncExternalStore } from 'react'
import { auth } from '../../lib/auth.js'

/** Who is signed in; renders anew when that changes, in whichever tab it does. On a server nobody is. */
export const useSession = () =>
  useSyncExternalStore(
    auth.subscribe,
    () => auth.session,
    () => undefined,
  )
