/**
 * Limits of requests, responses and URLs, in bytes. Proxies answer 400, 414 or 502 above 4 kB (nginx: a
 * response head) or 8 kB (nginx, Apache: one line of a request head), and a 502 loses every `Set-Cookie`.
 */

/** The whole `Cookie` header: the app's cookies, and those of pending sign-ins. Below 8 kB, so that the app can add more. */
export const MAX_COOKIE_HEADER_BYTES = 7500
/** Pending sign-ins and sign-outs in one browser. */
export const MAX_WAITING_COOKIES = 5
/** One encrypted cookie, name and value. The same response head contains the URL of the authorization server. */
export const MAX_COOKIE_BYTES = 2700
/** The head of one of our responses. Below 4 kB, so that the app, its server and its proxies can add more. */
export const MAX_RESPONSE_HEAD_BYTES = 3600
/** A URL of the authorization server that contains an ID token. Servers may count it together with their cookies. */
export const MAX_URL_BYTES = 4000
/** `returnTo` on a server, because another site's link may have chosen it. */
export const MAX_RETURN_TO_BYTES = 800
/** The body of a form post, of an exchange, of a logout token. */
export const MAX_BODY_BYTES = 65_536

/** The longest callback URL that is accepted, in characters. */
export const MAX_CALLBACK_LENGTH = 65_536
/** The largest response of an authorization server, in bytes. */
export const MAX_RESPONSE_BYTES = 262_144
/** The longest access token or DPoP proof that a resource server reads, in characters: what servers allow for all headers. */
export const MAX_CREDENTIAL_LENGTH = 16_384
/** The largest metadata document, in bytes. */
export const MAX_METADATA_BYTES = 1_048_576
/** The largest client ID metadata document, in bytes: servers need not read more (its draft, §6.6). */
export const MAX_CLIENT_METADATA_BYTES = 5000
/** How many authorization servers of a resource are read. */
export const MAX_AUTHORIZATION_SERVERS = 10
/** How many scopes of a resource are requested if its challenge names none. */
export const MAX_RESOURCE_SCOPES = 100
/** The longest URL in a resource's metadata or challenge, in characters. */
export const MAX_DISCOVERED_URL_LENGTH = 2048
/** The longest text of a server in a message, in characters: an endpoint's URL, or a value of `scope`. */
export const MAX_SHOWN_LENGTH = 200

/** The interval at which a device polls. */
export const DEVICE_INTERVAL_SECONDS = { min: 1, max: 60 } as const
/** The longest lifetime of a device code. */
export const MAX_DEVICE_CODE_SECONDS = 3600
/** The longest user code, in characters. */
export const MAX_USER_CODE_LENGTH = 64
/** The longest verification URI, in characters: about the capacity of a QR code. */
export const MAX_VERIFICATION_URI_LENGTH = 2048

/** The longest lifetime of an access token: a year. Longer ones are cut to it. */
export const MAX_TOKEN_SECONDS = 31_536_000
/**
 * The shortest time between two refreshes of an idle page. A refreshed token that is already expired (`expires_in: 0`) is
 * used for this time anyway, because another refresh would return the same.
 */
export const MIN_REFRESH_SECONDS = 60
/** How many values of a granted scope are read: each is compared with the secrets of the request. */
export const MAX_SCOPE_VALUES = 1000
/** The bounds of `Retry-After` (RFC 9110 §10.2.3). */
export const RETRY_AFTER_SECONDS = { min: 1, max: 3600 } as const

/** How many access tokens of its own a service keeps: one for each scope, resource and audience. */
export const MAX_SERVICE_TOKENS = 1000

/** The longest delay of a timer, 24 days. A timer with a longer delay fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** When IndexedDB is given up: some engines never answer. */
export const STORAGE_TIMEOUT_MS = 2000

/** How long metadata is used after its lifetime if it cannot be reloaded. */
export const STALE_METADATA_SECONDS = 86_400
/** The longest time that metadata is kept for later pages. */
export const MAX_KEPT_METADATA_SECONDS = 3600
/**
 * How long a response is fresh if the server does not say (a heuristic, RFC 9111 §4.2.2): long enough for the pages of one
 * sign-in, and short enough that a change at the server is seen soon.
 */
export const DEFAULT_FRESH_SECONDS = 300
/** How long a sign-in waits for metadata that an earlier page kept: about as long as for the request that it saves. */
export const KEPT_METADATA_PATIENCE_MS = 240
/** How long a server's keys are used, and how much longer if they cannot be reloaded. */
export const KEYS_SECONDS = { lifetime: 300, stale: 3600 } as const
/** An unknown `kid` reloads the server's keys at most once in this time. */
export const UNKNOWN_KEY_PAUSE_SECONDS = 60
/** The longest pause between failed loads of metadata or keys; it doubles after each failure. */
export const MAX_LOAD_PAUSE_SECONDS = 60

/** The value, or the nearest bound; the lower one for NaN. */
export const clamp = (value: number, { min, max }: { readonly min: number; readonly max: number }): number =>
  Math.min(Math.max(value, min) || min, max)

/**
 * Calls back after a time, which is measured in quarters. When a page goes on that was busy or suspended, its timers come before
 * the responses that arrived meanwhile: one timer for the whole time would give up work that is done.
 * @param milliseconds limited to 99 days
 * @returns stops it
 */
export function afterTime(milliseconds: number, callback: () => void): () => void {
  let quarters = 0
  const timer = setInterval(
    () => {
      if (++quarters < 4) return
      clearInterval(timer)
      callback()
    },
    Math.min(milliseconds / 4, MAX_TIMER_MS),
  )
  return () => clearInterval(timer)
}

/** Rejects with the result of `late` if the work takes longer. The work itself continues. */
export async function withinTime<T>(work: Promise<T>, milliseconds: number, late: () => unknown): Promise<T> {
  let stop = () => {}
  const over = new Promise<never>((_, reject) => {
    stop = afterTime(milliseconds, () => reject(late()))
  })
  return Promise.race([work, over]).finally(() => stop())
}
