import { codeOf, ProofkeyError } from '../errors.js'
import { type createFlow, unlessAborted } from '../flow/flow.js'
import type { FlowConfig } from '../flow/flow-config.js'
import { MIN_REFRESH_SECONDS, withinTime } from '../limits.js'
import type { IdTokenClaims } from '../protocol/jose/standard-claims.js'
import { scopes } from '../protocol/scope.js'
import { refreshTokens } from '../protocol/token/refresh.js'
import { withRetryAfter } from './retry-after.js'
import type { SessionMachine } from './session-machine.js'
import {
  type AccessToken,
  type AccessTokenOptions,
  type StoredSession,
  sessionAfterRefresh,
  tokenName,
  userOf,
} from './session-record.js'

/** Of `getAccessToken`. */
export interface GetAccessTokenOptions extends AccessTokenOptions {
  /**
   * Refreshes also if the current token is valid, for example after the user's permissions have changed. Without a refresh
   * token and without `silent` it fails with `interaction_required`.
   */
  readonly fresh?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A refresh may take longer than other requests: its response can contain the only valid refresh token. */
const REFRESH_SECONDS = 30
/** After so many rejections in a row without an OAuth error, the refresh token counts as invalid. */
const MAX_MUTE_REFUSALS = 2

export const ENDED = 'The session has ended.'
export const nobody = (what = 'Nobody is signed in.') => new ProofkeyError('login_required', what, 'Sign in.')

const isFresh = ({ staleAtMs = Infinity }: AccessToken) => staleAtMs > Date.now()

/**
 * Access tokens of the session, refreshed one at a time over all tabs.
 * @param silently renews a session without a refresh token, by a silent sign-in
 */
export function createTokenSource(
  machine: SessionMachine,
  { metadata, report }: ReturnType<typeof createFlow>,
  config: FlowConfig,
  silently: ((before: StoredSession) => Promise<unknown>) | undefined,
  discard: (tokens: { accessToken: string; refreshToken: string | undefined }) => Promise<void>,
) {
  const { clientId, timeoutSeconds = 10 } = config
  const flights = new Map<string, Promise<AccessToken>>()
  /** Until then (by `performance.now()`) the server wants no request; callers get `failure`. */
  let waitUntil = 0
  let failure: unknown
  let muteRefusals = 0
  /** The access token whose end was reported. */
  let reported: string | undefined
  const isRenewable = () => !!(machine.current?.refresh || silently)

  const fetch = withRetryAfter(config, (milliseconds) => {
    waitUntil = performance.now() + milliseconds
  })

  /** Runs in one tab at a time. A token that another tab got meanwhile is used. */
  async function refreshLocked(
    name: string,
    options: AccessTokenOptions,
    rejected: string | undefined,
  ): Promise<AccessToken> {
    const work = await machine.begin()
    const { session } = work
    if (!session) throw nobody(ENDED)
    const known = session.tokens[name]
    if (known && known.accessToken !== rejected && isFresh(known)) return known
    if (!session.refresh) {
      if (name) throw noSuchToken()
      // There is no other token until it expires, and the session with it.
      if (!silently) return tokenOf(session, name)
      await silently(session).catch(async (error) => {
        // The server has no user or another user signed in, or needs the user.
        if (/_required$/.test(error.code)) await machine.end('refused', session.id)
        throw error
      })
      return tokenOf(machine.current, name)
    }
    if (waitUntil > performance.now()) throw failure
    const { refreshToken } = session.refresh
    let latest = refreshToken
    const request = {
      ...config,
      fetch,
      // Not the configured scope: more may have been granted since.
      scope: options.scope,
      resource: options.resource ?? session.tokens['']?.resource,
      audience: options.audience,
      authorizationDetails: options.authorizationDetails,
      previousDetails: session.refresh.authorizationDetails,
      timeoutSeconds: REFRESH_SECONDS,
      // Of the sign-in of the refresh token.
      previousClaims:
        session.session.claims && ({ ...session.session.claims, nonce: session.refresh.nonce } as IdTokenClaims),
      onRotation: (token: string) => {
        latest = token
      },
      onNewerAuthTime: () => report({ type: 'auth_time_changed' }),
    }
    try {
      const server = await metadata()
      report({ type: 'refresh_started' })
      const grant = await refreshTokens(server, clientId, refreshToken, request)
      muteRefusals = 0
      const { scope } = grant.tokens
      const after = (now: StoredSession | undefined) => now && sessionAfterRefresh(grant, now, name)
      if (
        await machine.keep(work, 'page', after, { type: 'tokens_refreshed', scope: scope || session.session.scope })
      ) {
        return tokenOf(machine.current, name)
      }
      await rotated(latest)
      const now = machine.current
      // The same user continues: some servers end all tokens of a user with one.
      if (now?.id !== session.id && userOf(now?.session.claims) !== userOf(session.session.claims))
        await discard(grant.tokens)
      else report({ type: 'tokens_not_revoked' })
      if (now) return refreshLocked(name, options, rejected)
      throw nobody(ENDED)
    } catch (error) {
      failure = error
      if (await again(error as ProofkeyError)) return refreshLocked(name, options, rejected)
      throw error
    }

    /**
     * Keeps a rotated refresh token, even if the rest of the response was rejected: the earlier one is invalid.
     * @returns false if its session has ended or was replaced
     */
    async function rotated(newest: string) {
      if (newest === refreshToken) return true
      const onward = await machine.begin()
      const after = (now: StoredSession | undefined) =>
        now?.refresh?.refreshToken === refreshToken
          ? { ...now, refresh: { ...now.refresh, refreshToken: newest } }
          : undefined
      return machine.keep(onward, 'page', after, { type: 'session_changed' })
    }

    /** Ends the session if the failure requires it. @returns whether to try again with a newer refresh token */
    async function again(error: ProofkeyError): Promise<boolean> {
      const { code, serverError } = error
      if (code === 'login_required') return false
      const mute = code === 'token_request_refused' && !serverError
      muteRefusals = mute ? muteRefusals + 1 : 0
      const dead = serverError?.error === 'invalid_grant' || muteRefusals >= MAX_MUTE_REFUSALS
      if (!dead && !(await rotated(latest))) report({ type: 'tokens_not_revoked' })
      if (code === 'id_token_invalid' && error.claim !== 'exp' && error.claim !== 'iat')
        await machine.end('answer_refused', session?.id)
      if (!dead) return false
      const now = await machine.sync()
      if (now?.refresh?.refreshToken === refreshToken) {
        muteRefusals = 0
        await machine.end('refused', now.id)
      } else if (now) return true
      return false
    }
  }

  /** What a token must be requested with; nothing if the sign-in's own token is such a token. */
  function needed(
    { refresh, tokens }: StoredSession,
    { resource, scope, audience, authorizationDetails }: AccessTokenOptions,
  ) {
    const own = tokens['']
    const another = {
      resource: resource === own?.resource ? undefined : resource,
      audience: audience === config.additionalParameters?.['audience'] ? undefined : audience,
    }
    // Without a refresh token there is none with less scope.
    const isCovered = () => !refresh && scopes(scope).every((one) => scopes(own?.scope).includes(one))
    return another.resource || another.audience || authorizationDetails || (scope && !isCovered())
      ? { ...another, scope, authorizationDetails }
      : {}
  }

  function refreshShared(name: string, options: AccessTokenOptions, rejected?: string): Promise<AccessToken> {
    const flight =
      flights.get(name) ??
      machine
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
    /** When {@link refreshIfDue} is to be called; milliseconds since the epoch, `Infinity` for never. */
    get dueAtMs(): number {
      const token = machine.current?.tokens['']
      if (!token?.staleAtMs || (!isRenewable() && token.accessToken === reported)) return Infinity
      const waitUntilMs = Date.now() + waitUntil - performance.now()
      return Math.max(token.staleAtMs, token.receivedAtMs + MIN_REFRESH_SECONDS * 1000, waitUntilMs)
    },

    /**
     * If the sign-in's own token is about to expire: reports it once, and refreshes it. That does not count as use of the
     * session.
     */
    async refreshIfDue(): Promise<void> {
      if (this.dueAtMs > Date.now()) return
      const { accessToken, expiresAtMs = 0 } = tokenOf(machine.current, '')
      const renewable = isRenewable()
      if (accessToken !== reported) report({ type: 'access_token_expiring', expiresAtMs, renewable })
      reported = accessToken
      if (renewable) await refreshShared('', {})
    },

    /**
     * @param rejected a token that an API refused
     * @returns the token with its facts
     */
    async accessToken({ signal, fresh, ...wish }: GetAccessTokenOptions = {}, rejected?: string): Promise<AccessToken> {
      const current = machine.current ?? (await machine.sync())
      if (!current) throw nobody()
      machine.touch()
      const options = needed(current, wish)
      const name = tokenName(options)
      const token = current.tokens[name]
      // The empty one is of a server that sends an ID token alone.
      if (token?.accessToken === '' || (fresh && !isRenewable())) throw noSuchToken()
      const unwanted = rejected ?? (fresh ? token?.accessToken : undefined)
      if (token && token.accessToken !== unwanted && isFresh(token)) return token
      try {
        // The refresh continues if the caller stops waiting.
        const asking = unlessAborted(refreshShared(name, options, unwanted), signal)
        return await withinTime(asking, timeoutSeconds * 1000, () => tooLate(timeoutSeconds))
      } catch (error) {
        const { expiresAtMs = 0, accessToken } = token ?? {}
        if (token && accessToken !== unwanted && expiresAtMs > Date.now() && machine.current?.id === current.id)
          return token
        throw error
      }
    },
  }
}

function tokenOf(session: StoredSession | undefined, name: string): AccessToken {
  const token = session?.tokens[name]
  if (!token) throw nobody(ENDED)
  return token
}

const tooLate = (seconds: number) =>
  new ProofkeyError('timeout', `No new tokens within ${seconds} s.`, 'Try again.', { retryable: true })

const noSuchToken = () =>
  new ProofkeyError(
    'interaction_required',
    'The session has no such access token, and cannot get one without the user.',
    'Sign in again, with that scope or resource; many servers issue refresh tokens for the scope offline_access only.',
  )
