// In an app of yours: from 'proofkey'.
import { createBackendSessionClient, isProofkeyError } from '../../../src/index.js'

/** It asks the backend who is signed in, and never has a token. */
const auth = createBackendSessionClient({ backend: '/auth' })
const element = (id: string) => document.getElementById(id) as HTMLElement

function show(): void {
  const { session } = auth
  element('session').textContent = session ? `Signed in as ${session.claims?.sub}.` : 'Nobody is signed in.'
  element('user').hidden = !session
  element('sign-in').hidden = !!session
}

async function call(): Promise<void> {
  const response = await auth.fetch('/visits', { method: 'POST' })
  const { name, visits, code } = await response.json()
  element('answer').textContent = response.ok ? `The API has seen ${name} ${visits} times.` : code
}

function fail(error: unknown): void {
  // The session has ended: the page shows it already.
  if (isProofkeyError(error) && error.code === 'login_required') return
  element('answer').textContent = `${error}`
}

// Also what happens in other tabs. Where the backend could not be asked, nothing is known that is new.
auth.subscribe(({ type }) => type === 'session_check_failed' || show())
element('sign-in').addEventListener('click', () => auth.signIn({ returnTo: location.pathname }))
element('sign-out').addEventListener('click', () => auth.signOut())
element('call').addEventListener('click', () => call().catch(fail))

const started = await auth.start()
if (started.type === 'loaded') show()
// Nobody knows who is signed in.
else element('session').textContent = `${started.error.message} ${started.error.hint}`
