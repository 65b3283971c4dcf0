import { signal } from '@angular/core'
import { auth } from '../../lib/auth.js'
import { notices } from '../../lib/notices.js'

/** Who is signed in; changes in whichever tab that does. */
export const session = signal(auth.session)
auth.subscribe(() => session.set(auth.session))

export const notice = signal(notices.current)
notices.subscribe(() => notice.set(notices.current))
