// In an app of yours: from 'proofkey/server'.
import type { ServerSessionResult } from '../../src/server.js'

/** Text from elsewhere, such as names and what a provider says: never markup. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

interface Page {
  readonly body: string
  readonly status?: number | undefined
  /** Of a result or an error: they may set cookies. */
  readonly headers?: Headers | undefined
  /** Where its forms may lead, besides this app. */
  readonly formAction?: string
}

/** A page that no cache keeps, so that the Back button shows nobody who has signed out. */
function page({ body, status = 200, headers = new Headers(), formAction = '' }: Page): Response {
  const all = new Headers(headers)
  all.set('content-type', 'text/html; charset=utf-8')
  all.set('cache-control', 'no-store')
  all.set(
    'content-security-policy',
    `default-src 'none'; img-src data:; form-action 'self' ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
  )
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>proofkey</title><link rel="icon" href="data:,"><main>${body}</main></html>`
  return new Response(html, { status, headers: all })
}

/**
 * The page of the examples: who is signed in, and what to do next.
 * @param issuer the form that signs out is redirected there
 */
export function homePage(issuer: string, { session, headers }: Omit<ServerSessionResult, 'endsAtMs'>, note = '') {
  const { name, sub } = session?.claims ?? {}
  const body = session
    ? `<p data-testid="name">Signed in as ${escaped(`${name || sub}`)}.</p><p>${escaped(note)}</p>
<form method="post" action="/visits"><button>Call the API</button></form>
<form method="post" action="/auth/sign-out?returnTo=/"><button>Sign out</button></form>`
    : '<p>Nobody is signed in.</p><a href="/auth/sign-in?returnTo=/">Sign in</a>'
  return page({ body, headers, formAction: issuer })
}

/** What the API answered. `headers` are those for the browser. */
export async function visitsPage({ response, headers }: { readonly response: Response; readonly headers: Headers }) {
  const { name, visits } = response.ok ? await response.json() : {}
  const text = response.ok ? `The API has seen ${name} ${visits} times.` : `The API answered ${response.status}.`
  return page({ body: `<p>${escaped(text)}</p><a href="/">Back</a>`, headers, status: response.ok ? 200 : 502 })
}

interface Failure {
  readonly title: string
  readonly text: string
  readonly status: number
  readonly headers?: Headers | undefined
  /** Offers a new sign-in at this path. */
  readonly signInAt?: string | undefined
}

/** What went wrong, and the way back. */
export function errorPage({ title, text, status, headers, signInAt }: Failure): Response {
  const ways = `${signInAt ? `<a href="${signInAt}">Sign in again</a> or ` : ''}<a href="/">go to the start</a>`
  return page({ body: `<h1>${escaped(title)}</h1><p>${escaped(text)}</p><p>${ways}</p>`, status, headers })
}

/** The refusal of a form that a page of another site has sent. */
export const foreignForm = () => errorPage({ title: 'Not sent', text: 'Another site has sent this form.', status: 403 })
