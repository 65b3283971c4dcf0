import type { ProofkeyError } from '../../errors.js'
import { MAX_TIMER_MS } from '../../limits.js'
import { configInvalid } from '../../protocol/authorize/begin.js'
import { type InsecureSwitch, parseUrl } from '../../protocol/discovery/endpoint.js'
import type { FetchLike } from '../../protocol/request.js'
import type { Challenge } from '../../protocol/resource/challenge.js'
import type { Dpop } from '../../protocol/token/dpop.js'
import { EXCHANGE_HEADER } from '../../protocol/token/exchange-at.js'
import { type Apis, checkApis } from '../../session/apis.js'
import type { ForwardedHeaders } from '../edge/forwarded.js'

/** Which token is needed. */
export interface ForwardTokenRequest {
  /** The origin of the API, as in `apis`. */
  readonly api: string
  /** A token that the API has refused: another one is needed. */
  readonly rejected?: string | undefined
  /** Aborted if the browser leaves. */
  readonly signal: AbortSignal
}

/** A token for an API; what else it has is for `checkChallenge`. */
export interface ForwardToken {
  readonly accessToken: string
}

/** What failed. */
export interface ForwardFailure {
  /** The origin of the API, as in `apis`. */
  readonly api: string
  /** The status that the browser gets; that of the API if the response had begun. */
  readonly status: number
}

/** How long a request that is forwarded may take. */
export interface ForwardLimits {
  /**
   * A request ends if neither side sends or takes anything for so long, in seconds. Default 60. An event stream has to send
   * a comment within this time. Node's own `fetch` ends a request after 300; `undiciFetch()` does not. A browser that takes a
   * response slowly has to take a chunk of it within this time.
   */
  readonly idleTimeoutSeconds?: number | undefined
  /**
   * A request ends if its body has not arrived within so long, however often a byte of it comes, in seconds. Default 300,
   * like `requestTimeout` of Node's server, which has to be raised too for slower uploads.
   */
  readonly uploadTimeoutSeconds?: number | undefined
}

/** Options of {@link createForward}. */
export interface ForwardConfig<Token extends ForwardToken = ForwardToken> extends ForwardLimits {
  /** The app's own origin: `https://app.example.com`. Its pages may send requests, other sites may not. */
  readonly origin: string
  /** The only APIs that requests are forwarded to. */
  readonly apis: Apis
  /**
   * The access token of the request's session. Called once for each request that may be forwarded, and a second time if the
   * API rejects the token. Its `ProofkeyError` becomes the response, with the `Set-Cookie` of its `headers`.
   */
  readonly tokenFor: (request: Request, needed: ForwardTokenRequest) => Promise<Token>
  /** Used instead of the global `fetch`. */
  readonly fetch?: FetchLike | undefined
  /** With it, tokens are sent as `DPoP` with a proof (RFC 9449), otherwise as `Bearer`. */
  readonly dpop?: Pick<Dpop, 'attempt'> | undefined
  /** The client whose key `dpop` uses: `JSON.stringify([issuer, clientId])`. */
  readonly clientKey?: string | undefined
  /** The header that each request must have, with any value: other sites cannot send it. Default `x-proofkey`. */
  readonly header?: string | undefined
  readonly insecure?: InsecureSwitch | undefined
  /**
   * The number of trusted proxies. The prefix that they have removed from the path (`X-Forwarded-Prefix`) is added to
   * `Location`. Default: none.
   */
  readonly forwardedHeaders?: ForwardedHeaders | undefined
  /** Reads the challenge of a response to this token; its `ProofkeyError` becomes the response. Default: passed on. */
  readonly checkChallenge?: ((challenge: Challenge, token: Token, api: string) => void) | undefined
  /** Called with each error: of a response that does not come from the API, and of one that ended before its end. */
  readonly onError?: ((error: ProofkeyError, details: ForwardFailure) => void) | undefined
}

/** The options with their defaults. @throws `config_invalid` */
export function checkForwardConfig<Token extends ForwardToken>(config: ForwardConfig<Token>) {
  const { origin, apis, clientKey = '', idleTimeoutSeconds = 60, uploadTimeoutSeconds = 300 } = config
  const header = (config.header ?? EXCHANGE_HEADER).toLowerCase()
  const problems: string[] = []
  if (parseUrl(origin)?.origin !== origin)
    problems.push('origin (string): must be an origin, without a slash at its end')
  // Browsers let other sites send some headers, or send them themselves.
  if (!/^x-(?!forwarded)[\w-]+$/.test(header))
    problems.push('header (string): must start with x-, for example x-proofkey')
  for (const [name, seconds] of Object.entries({ idleTimeoutSeconds, uploadTimeoutSeconds }))
    if (!(seconds > 0 && seconds * 1000 <= MAX_TIMER_MS))
      problems.push(`${name} (${typeof seconds}): a positive number of seconds`)
  if (problems[0]) throw configInvalid(problems)
  checkApis(apis, config.insecure)
  return { ...config, clientKey, header, idleTimeoutSeconds, uploadTimeoutSeconds }
}
