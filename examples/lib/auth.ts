// In an app of yours: from 'proofkey'.
import {
  allowInsecureLoopback,
  createApiFetch,
  createSessionClient,
  isProofkeyError,
  type Session,
  sealedSessions,
} from '../../src/index.js'

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

/** What every load of a page begins with; a second call in the same page changes nothing. */
export async function start(): Promise<void> {
  try {
    const result = (await auth.handleCallback()) ?? (await auth.handleSignedOut())
    if (result) history.replaceState(null, '', result.returnTo)
  } catch (error) {
    // A callback that may work in a moment stays in the address bar for a reload; no other one does.
    if (!isProofkeyError(error) || !error.retryable) history.replaceState(null, '', '/')
    throw error
  } finally {
    // Also after a callback that was refused: somebody may be signed in all the same.
    await auth.restore()
  }
}

/** Whom to greet. Who it is, is `sub`, beside the issuer: a name may be missing, and may change. */
export const greeted = (session: Session) => String(session.claims?.['name'] || session.claims?.sub)

/** Calls the API. */
export async function countVisit(): Promise<string> {
  const response = await apiFetch(`${API}/visits`, { method: 'POST' })
  if (!response.ok) return `The API answered ${response.status}.`
  const { name, visits } = await response.json()
  return `The API has seen ${name} ${visits === 1 ? 'once' : `${visits} times`}.`
}

export interface Notice {
  readonly role: 'status' | 'alert'
  readonly text: string
}

/** Does what a click asks for, and puts how it ended into words. */
export async function attempt(work: () => Promise<unknown>): Promise<Notice> {
  try {
    const text = await work()
    return { role: 'status', text: typeof text === 'string' ? text : '' }
  } catch (error) {
    // What `fetch` says of an API that is offline is no error of proofkey's.
    const text = isProofkeyError(error) ? `${error.code}: ${error.message} ${error.hint}` : String(error)
    return { role: 'alert', text }
  }
}
