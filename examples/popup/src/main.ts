import {
  allowInsecureLoopback,
  createSessionClient,
  type ErrorCode,
  frame,
  isProofkeyError,
  popup,
  type SignInOptions,
  // In an app of yours: from 'proofkey'.
} from '../../../src/index.js'
import './main.css'

// Written in by the bundler.
declare const ISSUER: string

/** The session is in the memory of this page only: a reload asks the provider again. */
const auth = createSessionClient({
  issuer: ISSUER,
  clientId: 'popup-app',
  redirectUri: `${location.origin}/callback`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid profile',
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})
const byPopup = popup()
const byFrame = frame()

/** What a person can do about it; for all else there is the error's own hint. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  popup_blocked: 'The browser did not open the window. Allow popups for this page, and try again.',
  popup_already_open: 'The window is open already; it is in front now.',
  cancelled: 'The window was closed. Nothing has happened.',
  access_denied: 'You said no at the provider.',
  login_required: 'You are not signed in at the provider. Sign in above.',
  consent_required: 'The provider has a question for you.',
  interaction_required: 'The provider has a question for you.',
  frame_blocked: 'The browser keeps the provider’s cookies back in a frame. The popup works all the same.',
  timeout: 'Nobody came back in time.',
}

const NOTHING = '—'
const element = (id: string) => document.getElementById(id) as HTMLElement

function show(): void {
  const { session } = auth
  // Who it is, is `sub`; a name may be missing.
  const name = session?.claims?.['name'] || session?.claims?.sub
  element('status').textContent = session ? `Signed in as ${name}.` : 'Nobody is signed in.'
  element('sign-out').hidden = !session
  element('sign-in').hidden = Boolean(session)
  if (!session) element('way').textContent = NOTHING
  element('scope').textContent = session?.scope ?? NOTHING
}

function tell(text: string, role: 'status' | 'alert'): void {
  element('notice').textContent = text
  element('notice').setAttribute('role', role)
}

/** @param role how loud it is told that something did not work */
async function attempt(work: () => Promise<unknown>, role: 'status' | 'alert'): Promise<void> {
  tell('', 'status')
  try {
    await work()
  } catch (error) {
    if (isProofkeyError(error)) tell(WORDS[error.code] ?? `${error.message} ${error.hint} (${error.code})`, role)
    else tell(`${error} Please reload this page.`, 'alert')
  }
  show()
}

/** The sign-out comes back to this page. */
async function start(): Promise<void> {
  const started = await auth.start()
  if (started.type === 'failed') throw started.error
  if (started.returnTo) history.replaceState(null, '', location.origin + started.returnTo)
}

async function signIn(userAgent: SignInOptions['userAgent'], way: string): Promise<void> {
  await auth.signIn({ userAgent })
  element('way').textContent = way
}

element('sign-in').addEventListener('click', () => attempt(() => signIn(byPopup, 'in the popup'), 'alert'))
element('sign-out').addEventListener('click', () => attempt(auth.signOut, 'alert'))
await attempt(start, 'alert')
// Nobody asked for it: no alarm where it fails. With `silent`, `start()` does this, and does not tell why it failed.
await attempt(() => signIn(byFrame, 'silently, in a frame'), 'status')
