import { unlessAborted } from '../../flow/flow.js'
import { MAX_LOAD_PAUSE_SECONDS, MAX_SERVICE_TOKENS } from '../../limits.js'
import type { FetchLike, RequestOptions } from '../../protocol/request.js'
import { scopes } from '../../protocol/scope.js'
import type { ClientAccessToken } from '../../protocol/token/client-credentials.js'
import type { TokenTarget } from '../../protocol/token/grant-request.js'
import { withRetryAfter } from '../../session/retry-after.js'
import { freshMs } from '../../session/session-record.js'

/**
 * Of `getAccessToken`: which access token of the client is wanted. What is undefined is as in the configuration, but with another
 * `scope` its `requiredScope` does not apply.
 */
export interface ServiceTokenOptions extends TokenTarget {
  /** Requests a new token also if the current one is valid. Default false. */
  readonly fresh?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** The token of one target, and what the server said about it. Intervals are of a monotonic clock, in milliseconds. */
interface Entry {
  token?: ClientAccessToken
  staleAt: number
  expiresAt: number
  request?: Promise<ClientAccessToken> | undefined
  failures: number
  failure?: unknown
  retryAt: number
  /** Until then, an API's refusal of the token causes no request: the server has sent the same token again. */
  repeatedUntil: number
}

/** How long the same token is used on after the server has sent it in place of a refused one. */
const REPEATED_MS = 60_000

/**
 * The access tokens of the client itself: one for each target, requested one at a time, shortly before it is needed anew.
 * @param load sends the token request with this `fetch`
 */
export function createServiceTokens(
  load: (target: TokenTarget, fetch: FetchLike) => Promise<ClientAccessToken>,
  config: TokenTarget & Pick<RequestOptions, 'fetch'>,
) {
  /** The one that was used last comes last. */
  const entries = new Map<string, Entry>()
  /** Until then the server wants no request at all; callers get `refusal`. */
  let waitUntil = 0
  let refusal: unknown
  const now = () => performance.now()
  // By both clocks: the monotonic one can stand still while the machine sleeps, the other one can be set.
  const isValid = ({ token, expiresAt }: Entry) => now() < expiresAt && Date.now() < (token?.expiresAtMs ?? Infinity)
  const isFresh = (entry: Entry) => isValid(entry) && now() < entry.staleAt

  function entryOf(name: string): Entry {
    const entry = entries.get(name) ?? { staleAt: 0, expiresAt: 0, failures: 0, retryAt: 0, repeatedUntil: 0 }
    entries.delete(name)
    entries.set(name, entry)
    if (entries.size > MAX_SERVICE_TOKENS) entries.delete(entries.keys().next().value as string)
    return entry
  }

  async function request(entry: Entry, target: TokenTarget): Promise<ClientAccessToken> {
    if (now() < waitUntil) throw refusal
    if (now() < entry.retryAt) throw entry.failure
    let waitMs = 0
    const fetch = withRetryAfter(config, (milliseconds) => {
      waitMs = milliseconds
    })
    try {
      const token = await load(target, fetch)
      if (token.accessToken === entry.token?.accessToken) entry.repeatedUntil = now() + REPEATED_MS
      const leftMs = token.expiresAtMs === undefined ? Infinity : token.expiresAtMs - Date.now()
      Object.assign(entry, { token, failures: 0, expiresAt: now() + leftMs, staleAt: now() + staleAfter(leftMs) })
      return token
    } catch (error) {
      entry.failure = error
      // Without a token that can still be used, the first retry is made at once.
      const pauseSeconds =
        entry.failures++ || isValid(entry) ? Math.min(2 ** entry.failures, MAX_LOAD_PAUSE_SECONDS) : 0
      entry.retryAt = now() + pauseSeconds * 1000
      if (waitMs) [waitUntil, refusal] = [now() + waitMs, error]
      throw error
    }
  }

  /** Several callers share one request, and none of them ends it. */
  function shared(entry: Entry, target: TokenTarget): Promise<ClientAccessToken> {
    entry.request ??= request(entry, target).finally(() => {
      entry.request = undefined
    })
    return entry.request
  }

  return {
    /** @param rejected a token that an API refused */
    async accessToken({ fresh, signal, ...wish }: ServiceTokenOptions, rejected?: string): Promise<ClientAccessToken> {
      const target = targetOf(wish, config)
      const entry = entryOf(JSON.stringify(target))
      const { token } = entry
      const unwanted = rejected ?? (fresh ? token?.accessToken : undefined)
      const isRepeated = token?.accessToken === rejected && now() < entry.repeatedUntil
      if (token && isFresh(entry) && (token.accessToken !== unwanted || isRepeated)) return token
      try {
        return await unlessAborted(shared(entry, target), signal)
      } catch (error) {
        if (token && token.accessToken !== unwanted && isValid(entry)) return token
        throw error
      }
    },
  }
}

const staleAfter = (leftMs: number) => (leftMs === Infinity ? leftMs : freshMs(leftMs))

/** The target with the defaults, in one form: scopes and resources in another order name the same token. */
function targetOf(wish: TokenTarget, defaults: TokenTarget) {
  const list = (values: string | readonly string[] = []) => [...new Set([values].flat())].sort()
  // What is no text is refused where the request is built.
  const text = (values?: string) =>
    typeof values === 'string' ? [...new Set(scopes(values))].sort().join(' ') : values
  return {
    scope: text(wish.scope ?? defaults.scope),
    requiredScope: text(wish.requiredScope ?? (wish.scope === undefined ? defaults.requiredScope : undefined)),
    resource: list(wish.resource ?? defaults.resource),
    audience: list(wish.audience ?? defaults.audience),
  }
}
