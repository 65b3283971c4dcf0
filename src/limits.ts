/**
 * What one request, one response and one URL may hold, in bytes. Proxies answer 400, 414 or 502 above 4 kB (nginx: a
 * response head) or 8 kB (nginx, Apache: one line of a request head), and a 502 loses every `Set-Cookie`.
 */

/** The whole `Cookie` header: the app's own cookies, and those of waiting sign-ins. Below 8 kB, for what the app adds later. */
export const MAX_COOKIE_HEADER_BYTES = 7500
/** Sign-ins and sign-outs that wait in one browser. */
export const MAX_WAITING_COOKIES = 5
/** One sealed cookie, name and value. It is in a response head beside the URL of the authorization server. */
export const MAX_COOKIE_BYTES = 2700
/** The head of one of our responses. Below 4 kB, for what the app, its server and its proxies add. */
export const MAX_RESPONSE_HEAD_BYTES = 3600
/** A URL at the authorization server that holds an ID token. Servers may count it and their own cookies together. */
export const MAX_URL_BYTES = 4000
/** `returnTo` on a server, where a stranger's link may have chosen it. */
export const MAX_RETURN_TO_BYTES = 800
/** The body of a form post, of an exchange, of a logout token. */
export const MAX_BODY_BYTES = 65_536

/** The longest callback URL that is read, in characters. */
export const MAX_CALLBACK_LENGTH = 65_536
/** The largest response of an authorization server, in bytes. */
export const MAX_RESPONSE_BYTES = 262_144
/** The longest text of a server inside a message, in characters: an endpoint's URL, or a value of `scope`. */
export const MAX_SHOWN_LENGTH = 200

/** How often a device asks whether the person has decided: at most once a second, at least once a minute. */
export const DEVICE_INTERVAL_SECONDS = { min: 1, max: 60 } as const
/** The longest lifetime of a device code. */
export const MAX_DEVICE_CODE_SECONDS = 3600
/** The longest code that a person is asked to type in, in characters. */
export const MAX_USER_CODE_LENGTH = 64
/** The longest address that a person is asked to type in or to scan, in characters: about as much as a QR code holds. */
export const MAX_VERIFICATION_URI_LENGTH = 2048

/** The longest lifetime of an access token: a year. More counts as that. */
export const MAX_TOKEN_SECONDS = 31_536_000
/**
 * An idle page asks for new tokens at most so often. A token that comes of a refresh and has expired by then (`expires_in: 0`)
 * is used for so long all the same: another one would be no better.
 */
export const MIN_REFRESH_SECONDS = 60
/** How long `Retry-After` makes the client wait (RFC 9110 §10.2.3). */
export const RETRY_AFTER_SECONDS = { min: 1, max: 3600 } as const

/** How long metadata goes on in use after its lifetime, while it cannot be loaded anew. */
export const STALE_METADATA_SECONDS = 86_400
/** How long a server's keys are used, and how long after that while they cannot be loaded anew. */
export const KEYS_SECONDS = { lifetime: 300, stale: 3600 } as const
/** An unknown `kid` makes the client ask for the server's keys at most so often. */
export const UNKNOWN_KEY_PAUSE_SECONDS = 60
/** After failed loads of metadata or keys, the pause doubles up to this. */
export const MAX_LOAD_PAUSE_SECONDS = 60

/** The value, or the nearest bound; the lower one for what is no number. */
export const clamp = (value: number, { min, max }: { readonly min: number; readonly max: number }): number =>
  Math.min(Math.max(value, min) || min, max)
