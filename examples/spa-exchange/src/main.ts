// In an app of yours: from 'proofkey'.
import { allowInsecureLoopback, createClient, exchangeAt, isProofkeyError } from '../../../src/index.js'

// Written in by the bundler.
declare const ISSUER: string

const auth = createClient({
  issuer: ISSUER,
  clientId: 'spa-app',
  redirectUri: `${location.origin}/callback`,
  scope: 'openid profile',
  exchange: exchangeAt('/auth/exchange'),
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
})

const element = (id: string) => document.getElementById(id) as HTMLElement

function show(text: string, signedIn: boolean): void {
  element('status').textContent = text
  element('sign-in').hidden = signedIn
  element('sign-out').hidden = !signedIn
}

/** Who is signed in, as the server knows by the session's cookie. */
async function whoAmI(): Promise<{ sub: string; name?: unknown } | undefined> {
  const response = await fetch('/api/me')
  return response.ok ? response.json() : undefined
}

async function start(): Promise<void> {
  try {
    // The claims and no tokens: that is what the server's part chose to give.
    const result = await auth.handleCallback()
    if (result) history.replaceState(null, '', location.origin + result.returnTo)
    const person = result?.claims ?? (await whoAmI())
    // Who it is, is `sub`; a name may be missing.
    show(person ? `Signed in as ${person.name || person.sub}.` : 'Nobody is signed in.', Boolean(person))
  } catch (error) {
    fail(error)
  }
}

function fail(error: unknown): void {
  const known = isProofkeyError(error)
  // A callback that may work in a moment stays in the address bar for a reload; no other one does.
  if (!known || !error.retryable) history.replaceState(null, '', '/')
  show(known ? `${error.code}: ${error.message} ${error.hint}` : `${error} Please reload this page.`, false)
}

element('sign-in').addEventListener('click', () => auth.signIn().catch(fail))
await start()
