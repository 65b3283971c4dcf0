import type { ProofkeyError } from '../../errors.js'
import { configInvalid } from '../../protocol/authorize/begin.js'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { type Apis, checkApis, withApis } from '../../session/apis.js'
import type { Limits } from '../../session/session-machine.js'
import type { ChallengeCheck } from '../../session/token-fetch.js'
import type { UserInfoLoader } from '../../session/user-info.js'
import { type ServerClientConfig, withServerRules } from '../server-client-config.js'
import type { ForwardLimits } from './forward-config.js'
import type { ServerSessionStore } from './server-session-store.js'

/** Options of {@link createServerSessionClient}. */
export interface ServerSessionClientConfig extends ServerClientConfig, Limits {
  /**
   * Stores sessions: `redisSessions({ client, keys })` for several servers, `memoryServerSessions()` for one process,
   * `sealedCookieSessions({ keys })` without any other service.
   */
  readonly sessionStore: ServerSessionStore
  /** The path of the endpoints that `handle` serves. Default `/auth`. */
  readonly path?: string | undefined
  /** Where the server redirects to after a sign-out, exactly as registered. Default: none. */
  readonly postLogoutRedirectUri?: string | undefined
  /** The APIs of the app, by origin, and what their tokens need: `{ 'https://api.example.com': { scope: 'orders' } }`. */
  readonly apis?: Apis | undefined
  /** Pass `stepUp` to support step-up authentication challenges of APIs (RFC 9470). */
  readonly stepUp?: ChallengeCheck | undefined
  /** Pass `loadUserInfo` to add the claims of the UserInfo endpoint to `session.claims`. */
  readonly userInfo?: UserInfoLoader | undefined
  /** The session ends so long after the sign-in, in seconds. Default 43,200 (12 hours); at most a year. */
  readonly absoluteSeconds?: number | undefined
  /** How long `forward` waits. */
  readonly forwarding?: ForwardLimits | undefined
  /**
   * Receives the work of a request that can go on after its response: revocation, a refresh whose request was aborted. Needed
   * where the host freezes or ends the process after the response: `waitUntil` of `cloudflare:workers` and
   * `@vercel/functions`, `after` of `next/server`. Default: none, the process goes on.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /**
   * The response of `handle` to an error. The headers of the error are added to it. Default: its message as text, with status
   * 400, or 503 if it is `retryable`.
   */
  readonly errorResponse?: ((error: ProofkeyError, request: Request) => Response | Promise<Response>) | undefined
}

const ABSOLUTE_SECONDS = 43_200
const MAX_ABSOLUTE_SECONDS = 31_536_000

/** Checks the options that the server client does not know, and adds what the APIs need. @throws `config_invalid` */
export function checkSessionConfig(given: ServerSessionClientConfig) {
  const { sessionStore, path = '/auth', postLogoutRedirectUri, apis = {}, absoluteSeconds = ABSOLUTE_SECONDS } = given
  const problems: string[] = []
  if (typeof sessionStore?.open !== 'function')
    problems.push(
      'sessionStore (object): must be redisSessions({ client, keys }), memoryServerSessions() or sealedCookieSessions({ keys })',
    )
  if (!/^(?:\/[\w.~-]+)+$/.test(path) || parseUrl(path, 'https://path.invalid')?.pathname !== path)
    problems.push('path (string): must start with / and not end with it, for example /auth')
  if (postLogoutRedirectUri !== undefined && !parseUrl(postLogoutRedirectUri))
    problems.push('postLogoutRedirectUri (string): an absolute URL, exactly as registered')
  if (!(absoluteSeconds > 0 && absoluteSeconds <= MAX_ABSOLUTE_SECONDS))
    problems.push(`absoluteSeconds (${typeof absoluteSeconds}): a positive number, at most ${MAX_ABSOLUTE_SECONDS}`)
  if (given.waitUntil !== undefined && typeof given.waitUntil !== 'function')
    problems.push('waitUntil (function): must be waitUntil of the host, or after of Next.js')
  if (problems[0]) throw configInvalid(problems)
  checkApis(apis, given.insecure)
  return { ...withApis(withServerRules(given), apis), path, apis, absoluteSeconds }
}

export type CheckedSessionConfig = ReturnType<typeof checkSessionConfig>
