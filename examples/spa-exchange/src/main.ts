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

/** Whom the server knows by the session's cookie. */
async function whoAmI(): Promise<{ name?: string } | undefined> {
  const response = await fetch('/api/me')
  return response.ok ? response.json() : undefined
}

async function start(): Promise<void> {
  try {
    // The claims and no tokens: that is what the server's part chose to give.
    const result = await auth.handleCallback()
    if (result) history.replaceState(null, '', result.returnTo)
    const person = result?.claims ?? (await whoAmI())
    show(person ? `Signed in as ${person['name']}.` : 'Nobody is signed in.', Boolean(person))
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    show(`${error.code}: ${error.message} ${error.hint}`, false)
  }
}

element('sign-in').addEventListener('click', () => auth.signIn())
element('sign-out').addEventListener('click', async () => {
  await fetch('/logout', { method: 'POST' })
  await start()
})
await start()
