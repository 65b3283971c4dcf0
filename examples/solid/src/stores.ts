import { createSignal } from 'solid-js'
import { auth } from '../../lib/auth.js'
import { notices } from '../../lib/notices.js'

/** Who is signed in; changes in whichever tab that does. */
export const [session, setSession] = createSignal(auth.session)
auth.subscribe(() => setSession(auth.session))

export const [notice, setNotice] = createSignal(notices.current)
notices.subscribe(() => setNotice(notices.current))
