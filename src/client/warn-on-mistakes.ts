import { isTicket } from '../crypto/ticket.js'
import type { EventBody, ProofkeyEvent, Subscribe } from '../events.js'
import { callbackParameters } from '../protocol/authorize/callback.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import { currentUrl } from '../user-agents/address-bar.js'

type Warnings = { [Type in EventBody['type']]?: (event: Extract<EventBody, { readonly type: Type }>) => string }

const WARNINGS: Warnings = {
  refresh_token_missing: () =>
    'The sign-in returned no refresh token, so the session ends with its access token. Many servers require the scope ' +
    "offline_access for one, and with it prompt: 'consent'. If the server is on the site of the app, silent: frame() works too.",
  silent_sign_in_failed: ({ code }) =>
    code === 'frame_blocked'
      ? 'silent: frame() cannot work: the server is on another site, and browsers block its cookies in a frame. Use a refresh token.'
      : '',
  callback_not_handled: () =>
    'The URL of this page is a callback, and the sign-in was not completed. Call auth.start() on every page, or ' +
    'auth.handleCallback() at the redirect URI.',
  api_not_listed: ({ origin, similar }) =>
    similar
      ? `A request to ${origin} was sent without an access token: apis contains ${similar}. Use that origin, or add this one.`
      : `${origin} answered 401 to a request without an access token. If it is an API of this app, add it to apis.`,
  pkce_not_advertised: () =>
    'The server’s metadata does not list PKCE (code_challenge_methods_supported). Check that the server enforces it.',
  return_to_refused: () =>
    'returnTo must be a path of this origin that begins with one slash, such as /orders?page=2, not a whole URL (on a ' +
    'server: of at most 800 bytes). After the sign-in the app continues at /.',
  scope_changed: ({ missing }) =>
    missing.length
      ? `The server did not grant ${missing.join(' ')}. Check the scopes of the client at the server.`
      : '',
  vault_replaced: ({ code }) => `The pending sign-in is in memory only: the browser’s storage failed (${code}).`,
  session_not_stored: ({ code }) => `The session is in the memory of this page only: its store failed (${code}).`,
  id_token_hint_omitted: ({ bytes }) =>
    `The ID token has ${bytes} bytes, too many for a URL of the server. Let the server put fewer claims into it.`,
}

/** How long a page may take to handle a callback after it has loaded. */
const LOAD_MS = 3000

/**
 * Writes a console warning, with the repair, for each event that usually means a mistake in the app or at the server, and if
 * the URL of the page is still a callback some seconds after it was loaded. For development:
 * `if (import.meta.env.DEV) warnOnMistakes(auth)`.
 * @param warn Default `console.warn`
 * @returns a function that ends it
 * @example
 * ```ts
 * import { type SessionClient, warnOnMistakes } from 'proofkey'
 *
 * declare const auth: SessionClient
 * if (location.hostname === 'localhost') warnOnMistakes(auth)
 * ```
 */
export function warnOnMistakes(
  auth: { readonly subscribe: Subscribe<ProofkeyEvent> },
  warn: (text: string) => void = (text) => console.warn(text),
): () => void {
  const told = new Set<string>()
  const tell = (text: string | undefined) => {
    if (!text || told.has(text)) return
    told.add(text)
    warn(`proofkey: ${text}`)
  }
  let isHandled = false
  const timer = setTimeout(() => {
    const url = parseUrl(currentUrl())
    const state = url && callbackParameters(url).get('state')
    if (!isHandled && isTicket(state ?? '')) tell(WARNINGS.callback_not_handled?.({ type: 'callback_not_handled' }))
  }, LOAD_MS)
  const end = auth.subscribe((event) => {
    isHandled ||= event.type === 'callback_received'
    const text = (WARNINGS[event.type] as ((event: EventBody) => string) | undefined)?.(event)
    tell(text)
  })
  return () => {
    clearTimeout(timer)
    end()
  }
}
