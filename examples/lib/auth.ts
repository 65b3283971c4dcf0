// In an app of yours: from 'proofkey'.
import {
  allowInsecureLoopback,
  createApiFetch,
  createSessionClient,
  redirect,
  type Session,
  sealedSessions,
} from '../../src/index.js'
import { attempt, showError } from './notices.js'

// Written in by the bundler.
declare const ISSUER: string
declare const API: string

/** The app's one client. The session outlives a reload, sealed in IndexedDB, and is shared by all tabs. */
export const auth = createSessionClient({
  issuer: ISSUER,
  clientId: 'framework-app',
  redirectUri: `${location.origin}/callback`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid profile',
  sessionStore: sealedSessions(),
  apis: { [API]: {} },
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})

/** `fetch` with the access token, which is refreshed first where that is due. */
const apiFetch = createApiFetch(auth)

/** Starts the app. `render` runs when the session and the URL are known, so that the router begins with both. */
export async function start(render: () => void): Promise<void> {
  const started = await auth.start()
  // The page that opened this window goes on; this one shows nothing.
  if (started.type === 'relayed') return
  if (started.type !== 'failed') {
    if (started.returnTo) showPath(started.returnTo)
  } else if (started.error.retryable) {
    // The callback is in the address bar again: a reload repeats it.
    showError(started.error, { href: location.href, label: 'Try again' })
  } else {
    const { error, returnTo = '/' } = started
    showPath('/')
    showError(error, { href: returnTo, label: `Back to ${returnTo}` })
  }
  render()
}

/** With the origin, so that a `<base>` of the page does not matter. */
const showPath = (path: string) => history.replaceState(null, '', location.origin + path)

/** Leaves for the sign-in, which comes back to this path. */
export const signIn = (returnTo: string) => attempt(() => auth.signIn({ returnTo }))

export const signOut = () => attempt(auth.signOut)

/** For the guard of a route: tells whether a user is signed in. If not, it leaves for the sign-in and comes back to `path`. */
export async function admit(path: string): Promise<boolean> {
  if (!auth.session) {
    // Keeps the guarded page out of the history: Back to it would lead to the sign-in again.
    const isShown = () => location.href === location.origin + path
    const userAgent = redirect({ navigate: (url) => (isShown() ? location.replace(url) : location.assign(url)) })
    // It resolves if the sign-in cannot start, or the Back button restores this page.
    await attempt(() => auth.signIn({ returnTo: path, userAgent }))
  }
  return !!auth.session
}

/** Who is signed in, in words. `sub` identifies the user, beside the issuer: a name may be missing, and may change. */
export const greeting = (session: Session | undefined) =>
  session ? `Signed in as ${session.claims?.name || session.claims?.sub}.` : 'Nobody is signed in.'

/** Calls the API. */
export const callApi = () =>
  attempt(async () => {
    const response = await apiFetch(`${API}/visits`, { method: 'POST' })
    if (!response.ok) return `The API answered ${response.status}.`
    const { name, visits } = await response.json()
    return `The API has seen ${name} ${visits === 1 ? 'once' : `${visits} times`}.`
  })
