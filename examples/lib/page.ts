import type { Session } from './sessions.js'

/** Text from elsewhere, such as names and what a provider says: never markup. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** A page that no cache keeps, so that the Back button shows nobody who has signed out. */
function page(body: string, status = 200, headers = new Headers()): Response {
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('cache-control', 'no-store')
  headers.set(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  )
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>proofkey</title><link rel="icon" href="data:,">
<main style="font: 1rem/1.6 system-ui; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">${body}</main></html>`
  return new Response(html, { status, headers })
}

/** The one page that the examples show: who is signed in, and what to do next. */
export function homePage(session: Session | undefined, more = ''): Response {
  return page(
    session
      ? `<p data-testid="name">Signed in as ${escaped(session.name)}.</p><p>${escaped(more)}</p>
<form method="post" action="/logout"><button>Sign out</button></form>`
      : '<p>Nobody is signed in.</p><a href="/login">Sign in</a>',
  )
}

interface Failure {
  readonly title: string
  readonly text: string
  readonly status: number
  readonly headers?: Headers | undefined
  /** Offers a new sign-in. */
  readonly signIn?: boolean
}

/** What went wrong, and the way back. */
export function errorPage({ title, text, status, headers, signIn }: Failure): Response {
  const ways = `${signIn ? '<a href="/login">Sign in again</a> or ' : ''}<a href="/">go to the start</a>`
  const body = `<h1 style="font-size: 1.4rem">${escaped(title)}</h1><p>${escaped(text)}</p><p>${ways}</p>`
  return page(body, status, headers)
}
