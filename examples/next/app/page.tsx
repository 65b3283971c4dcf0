import { headers } from 'next/headers'
import { auth } from '../lib/auth'

/** A page has no request, and sets no headers: it reads the session, and leaves the rest to route handlers. */
export default async function Page() {
  const request = { headers: await headers() }
  const { session } = await auth().session(new Request(process.env['APP_URL'] ?? '', request))
  if (!session) {
    return (
      <main>
        <p>Nobody is signed in.</p> <a href="/auth/sign-in?returnTo=/">Sign in</a>
      </main>
    )
  }
  const { name, sub } = session.claims ?? {}
  return (
    <main>
      <p>Signed in as {`${name || sub}`}.</p>
      <form method="post" action="/visits">
        <button type="submit">Call the API</button>
      </form>
      <form method="post" action="/auth/sign-out?returnTo=/">
        <button type="submit">Sign out</button>
      </form>
    </main>
  )
}
