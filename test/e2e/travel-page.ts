import type { SignInOptions } from '../../src/index.js'
import type { Outcome } from './page.js'

/** What a click on the button does; each attempt can be waited for. */
interface Travels {
  options: SignInOptions
  /** What the callback page did, told to whoever opened it: nothing, where its page was waited for. */
  attempts: Promise<Outcome>[]
  /** Those that are over. */
  outcomes: Outcome[]
  start(): void
  abort(): void
}

declare global {
  var travels: Travels
  /** The callback page calls `handleCallback()` without `relayCallback()`. */
  var relaysNothing: true | undefined
}
const controller = new AbortController()
globalThis.travels = {
  options: { userAgent: library.popup(), signal: controller.signal },
  attempts: [],
  outcomes: [],
  start() {
    const at = travels.attempts.length
    travels.attempts.push(app.signIn(travels.options))
    travels.attempts[at]?.then((outcome) => {
      travels.outcomes[at] = outcome
    })
  },
  abort: () => controller.abort(),
}

if (location.pathname === '/callback') {
  // As an app's page at the redirect URI does.
  const relaying = globalThis.relaysNothing ? Promise.resolve(false) : library.relayCallback()
  relaying.then((relayed) => {
    if (!relayed) travels.attempts.push(app.handleCallback())
    document.title = relayed ? 'relayed' : 'handled'
  })
} else {
  const button = document.createElement('button')
  button.textContent = 'Sign in'
  button.addEventListener('click', () => travels.start())
  document.body.append(button)
  // Nobody clicked.
  if (location.hash === '#at-once') travels.start()
}
