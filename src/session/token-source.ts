import { codeOf, ProofkeyError } from '../errors.js'
import { type createFlow, unlessAborted } from '../flow/flow.js'
import type { FlowConfig } from '../flow/flow-config.js'
import { clamp, MIN_REFRESH_SECONDS, RETRY_AFTER_SECONDS } from '../limits.js'
import type { Tokens } from '../protocol/token/complete.js'
import { checkContinuity, refreshTokens } from '../protocol/token/refresh.js'
import { revokeToken } from '../protocol/token/revoke.js'
import { withinTime } from '../vault/within-time.js'
import type { SessionKeeper } from './session-keeper.js'
import { type AccessToken, type StoredSession, sessionAfterRefresh, tokenName } from './stored-session.js'

/** Which access token is wanted. Default: the one of the sign-in. */
export interface AccessTokenOptions {
  /** RFC 8707 §2.2: one token for each resource server. */
  readonly resource?: string | undefined
  /** Part of what was granted, space-separated. */
  readonly scope?: string | undefined
}

/** How long a refresh may take before its answer is given up: it may hold the one refresh token that is left. */
const REFRESH_SECONDS = 60

const ENDED = 'The session has ended.'
export const nobody = (what = 'Nobody is signed in.') => new ProofkeyError('login_required', what, 'Sign in.')

const isFresh = ({ staleAtMs = Number.POSITIVE_INFINITY }: AccessToken) => staleAtMs > Date.now()

/**
 * Access tokens of the session, refreshed one at a time over all tabs.
 * @param silently signs the person of a session in again without a page, where there is no refresh token
 */
export function createTokenSource(
  keeper: SessionKeeper,
  { metadata, report }: ReturnType<typeof createFlow>,
  config: FlowConfig,
  silently: ((before: StoredSession) => Promise<unknown>) | undefined,
) {
  const { clientId, timeoutSeconds = 10 } = config
  const flights = new Map<string, Promise<AccessToken>>()
  /** Until then the server wants no further request; it gets none, and the callers what `failure` says. */
  let waitUntilMs = 0
  let failure: unknown

  /** Takes note where the server asks to wait (RFC 9110 §10.2.3): from a second, also where it does not say, to an hour. */
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await (config.fetch ?? globalThis.fetch)(...request)
    if (response.status === 429 || response.status === 503) {
      const after = response.headers.get('retry-after') ?? '1'
      const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000
      waitUntilMs = Date.now() + (Number.isNaN(seconds) ? 0 : clamp(seconds, RETRY_AFTER_SECONDS) * 1000)
    }
    return response
  }

  /** What came for nobody. Not the tokens of who signed in anew: a server may end all that the person granted with them. */
  const discard = async ({ refreshToken, accessToken }: Tokens) => {
    for (const token of [refreshToken, accessToken])
      if (token) await revokeToken(await metadata(), clientId, token, config).catch(() => {})
  }

  /** Runs where nobody else does. What another tab got meanwhile is as good. */
  async function refreshLocked(
    name: string,
    options: AccessTokenOptions,
    rejected: string | undefined,
  ): Promise<AccessToken> {
    const held = await keeper.sync()
    if (!held) throw nobody(ENDED)
    const known = held.tokens[name]
    if (known && known.accessToken !== rejected && isFresh(known)) return known
    const { refreshToken, session } = held
    if (!refreshToken) {
      if (name) throw noRefreshToken()
      // Nothing else can be had until it ends, and the session with it.
      if (!silently) return tokenOf(held, name)
      await silently(held).catch((error) => {
        // The server knows nobody any more, or somebody else, or wants to see the person.
        if (/_required$/.test(error.code)) keeper.end('refused', held.id)
        throw error
      })
      return tokenOf(keeper.held, name)
    }
    if (waitUntilMs > Date.now()) throw failure
    let latest = refreshToken
    /** Whoever goes on with the token that is spent goes on with what came for it. */
    const rotate = async (now: StoredSession | undefined) => {
      if (latest !== refreshToken && now?.refreshToken === refreshToken)
        await keeper.keep({ ...now, refreshToken: latest }, { type: 'session_changed' })
    }
    const refreshOptions = {
      ...config,
      fetch,
      // Not what sign-ins ask for by default: the session may have been granted more since.
      scope: options.scope,
      resource: options.resource ?? held.tokens['']?.resource,
      timeoutSeconds: REFRESH_SECONDS,
      onRotation: (token: string) => {
        latest = token
      },
    }
    const server = await metadata()
    report({ type: 'refresh_started' })
    const grant = await refreshTokens(server, clientId, refreshToken, refreshOptions).catch(async (error) => {
      failure = error
      const now = await keeper.sync()
      if (error.serverError?.error !== 'invalid_grant') await rotate(now)
      else if (now?.refreshToken === refreshToken) await keeper.end('refused', held.id)
      else if (now) return
      throw error
    })
    if (!grant) return refreshLocked(name, options, rejected)
    try {
      checkContinuity(grant.claims, session.claims)
    } catch (error) {
      keeper.end('answer_refused', held.id)
      throw error
    }
    // Whoever signed out, or signed in anew, while the answer was on its way has the last word.
    const now = await keeper.sync()
    const { scope } = grant.tokens
    if (
      now?.id === held.id &&
      (await keeper.keep(sessionAfterRefresh(grant, now, name), { type: 'tokens_refreshed', scope }))
    )
      return tokenOf(keeper.held, name)
    await rotate(await keeper.sync())
    if (keeper.held) return refreshLocked(name, options, rejected)
    await discard(grant.tokens)
    throw nobody(ENDED)
  }

  function refreshShared(name: string, options: AccessTokenOptions, rejected?: string): Promise<AccessToken> {
    const flight =
      flights.get(name) ??
      keeper
        .exclusive(() => refreshLocked(name, options, rejected))
        .catch((error) => {
          report({ type: 'refresh_failed', code: codeOf(error) })
          throw error
        })
        .finally(() => flights.delete(name))
    flights.set(name, flight)
    return flight
  }

  return {
    discard,

    /** When the session's own token wants to be refreshed; never, where nothing could. Milliseconds since the epoch. */
    get dueAtMs(): number {
      const { held } = keeper
      const token = held?.refreshToken || silently ? held?.tokens[''] : undefined
      if (!token?.staleAtMs) return Number.POSITIVE_INFINITY
      return Math.max(token.staleAtMs, token.receivedAtMs + MIN_REFRESH_SECONDS * 1000, waitUntilMs)
    },

    /** Refreshes the session's own token where it is due; the session does not count as in use for that. */
    async refreshIfDue(): Promise<void> {
      if (this.dueAtMs <= Date.now()) await refreshShared('', {})
    },

    /** @param rejected a token that an API refused */
    async accessToken(
      { signal, ...options }: AccessTokenOptions & { readonly signal?: AbortSignal | undefined } = {},
      rejected?: string,
    ): Promise<string> {
      const held = keeper.held ?? (await keeper.sync())
      if (!held) throw nobody()
      keeper.touch()
      const name = tokenName(options.resource, options.scope)
      const token = held.tokens[name]
      if (token && isFresh(token) && token.accessToken !== rejected) return token.accessToken
      try {
        // The refresh goes on, whoever stops waiting for it.
        const asking = unlessAborted(refreshShared(name, options, rejected), signal)
        return (await withinTime(asking, timeoutSeconds * 1000, () => tooLate(timeoutSeconds))).accessToken
      } catch (error) {
        const { expiresAtMs = 0, accessToken } = token ?? {}
        if (accessToken && accessToken !== rejected && expiresAtMs > Date.now() && keeper.held?.id === held.id)
          return accessToken
        throw error
      }
    },
  }
}

function tokenOf(held: StoredSession | undefined, name: string): AccessToken {
  const token = held?.tokens[name]
  if (!token) throw nobody(ENDED)
  return token
}

const tooLate = (seconds: number) =>
  new ProofkeyError('timeout', `No new tokens within ${seconds} s.`, 'Try again.', { retryable: true })

const noRefreshToken = () =>
  new ProofkeyError('interaction_required', 'There is no refresh token to get this token with.', 'Sign in for it.')
