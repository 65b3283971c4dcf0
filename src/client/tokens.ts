import { ProofkeyError } from '../errors.js'
import type { FlowConfig } from '../flow/config.js'
import { unlessAborted } from '../flow/flow.js'
import { refreshTokens } from '../protocol/refresh.js'
import { revokeToken } from '../protocol/revoke.js'
import type { buildClient } from './create-client.js'
import { type AccessToken, type Held, heldWith, type SessionKeeper, tokenName } from './session.js'

/** Which access token is wanted. Default: the one of the sign-in. */
export interface TokenWish {
  /** RFC 8707 §2.2: one token for each resource server. */
  readonly resource?: string | undefined
  /** Part of what was granted, space-separated. */
  readonly scope?: string | undefined
}

/** How long a refresh may take before its answer is given up: it may hold the one refresh token that is left. */
const REFRESH_SECONDS = 60

export const nobody = () => new ProofkeyError('login_required', 'Nobody is signed in.', 'Sign in.')

const isFresh = ({ staleAtMs = Number.POSITIVE_INFINITY }: AccessToken) => staleAtMs > Date.now()

/**
 * Access tokens of the session, refreshed one at a time over all tabs.
 * @param silently signs in without a page, where there is no refresh token
 */
export function createTokenSource(
  keeper: SessionKeeper,
  { metadata, report }: ReturnType<typeof buildClient>['flow'],
  config: FlowConfig,
  silently: (() => Promise<unknown>) | undefined,
) {
  const { clientId, timeoutSeconds = 10 } = config
  const flights = new Map<string, Promise<AccessToken>>()
  /** Until then the server wants no further request; it gets none, and the callers what `failure` says. */
  let waitUntilMs = 0
  let failure: unknown

  /** Takes note where the server asks to wait (RFC 9110 §10.2.3), for an hour at most; a second where it does not say. */
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await (config.fetch ?? globalThis.fetch)(...request)
    if (response.status === 429 || response.status === 503) {
      const after = response.headers.get('retry-after') ?? 1
      waitUntilMs = Date.now() + Math.min(Number(after) * 1000 || Date.parse(`${after}`) - Date.now() || 0, 3_600_000)
    }
    return response
  }

  /** Runs where nobody else does. What another tab got meanwhile is as good. */
  async function renew(name: string, wish: TokenWish, rejected: string | undefined): Promise<AccessToken> {
    const held = await keeper.sync()
    if (!held) throw nobody()
    const known = held.tokens[name]
    if (known && known.accessToken !== rejected && isFresh(known)) return known
    const { refreshToken, session } = held
    if (!refreshToken) {
      if (name || !silently) throw nobody()
      await silently().catch((error) => {
        // The server knows nobody any more, or wants to see the person.
        if (/_required$/.test(error.code)) keeper.end('refused', held.id)
        throw error
      })
      return tokenOf(keeper.held, name)
    }
    if (waitUntilMs > Date.now()) throw failure
    try {
      const options = {
        ...config,
        fetch,
        // Not what sign-ins ask for by default: the session may have been granted more since.
        scope: wish.scope,
        resource: wish.resource ?? held.tokens['']?.resource,
        previousClaims: session.claims,
        timeoutSeconds: REFRESH_SECONDS,
      }
      const grant = await refreshTokens(await metadata(), clientId, refreshToken, options)
      // Whoever signed out, or signed in anew, while the answer was on its way has the last word.
      const now = await keeper.sync()
      const event = { type: 'tokens_refreshed', scope: grant.tokens.scope } as const
      if (now?.id === held.id && (await keeper.keep(heldWith(grant, now, name), event)))
        return tokenOf(keeper.held, name)
      // Not where somebody signed in anew: a server may end all that the person granted with it.
      if (keeper.held) return renew(name, wish, rejected)
      await revokeToken(await metadata(), clientId, grant.tokens.refreshToken ?? '', config).catch(() => {})
      throw nobody()
    } catch (error) {
      failure = error
      const { code, serverError } = error as ProofkeyError
      const spent = serverError?.error === 'invalid_grant'
      if (!spent && code !== 'id_token_invalid') throw error
      const now = spent ? await keeper.sync() : held
      if (now && now.refreshToken !== refreshToken) return renew(name, wish, rejected)
      keeper.end(spent ? 'refused' : 'answer_refused', held.id)
      throw error
    }
  }

  function renewed(name: string, wish: TokenWish, rejected?: string): Promise<AccessToken> {
    const flight =
      flights.get(name) ??
      keeper
        .exclusive(() => renew(name, wish, rejected))
        .catch((error) => {
          report({ type: 'refresh_failed', code: (error as ProofkeyError).code ?? 'unexpected' })
          throw error
        })
        .finally(() => flights.delete(name))
    flights.set(name, flight)
    return flight
  }

  return {
    /** When the session's own token wants to be refreshed; never, where nothing could. Milliseconds since the epoch. */
    get dueAtMs(): number {
      const { held } = keeper
      const dueAtMs = (held?.refreshToken || silently) && held?.tokens['']?.staleAtMs
      return dueAtMs ? Math.max(dueAtMs, waitUntilMs) : Number.POSITIVE_INFINITY
    },

    /** Refreshes the session's own token where it is due; the session does not count as in use for that. */
    async freshen(): Promise<void> {
      if (this.dueAtMs <= Date.now()) await renewed('', {})
    },

    /** @param rejected a token that an API refused */
    async accessToken(
      { signal, ...wish }: TokenWish & { readonly signal?: AbortSignal | undefined } = {},
      rejected?: string,
    ): Promise<string> {
      const held = keeper.held ?? (await keeper.sync())
      if (!held) throw nobody()
      keeper.touch()
      const name = tokenName(wish.resource, wish.scope)
      const token = held.tokens[name]
      if (token && isFresh(token) && token.accessToken !== rejected) return token.accessToken
      try {
        // The refresh goes on, whoever stops waiting for it.
        return (await inTime(unlessAborted(renewed(name, wish, rejected), signal), timeoutSeconds)).accessToken
      } catch (error) {
        const { expiresAtMs = 0, accessToken } = token ?? {}
        if (accessToken && accessToken !== rejected && expiresAtMs > Date.now() && keeper.held?.id === held.id)
          return accessToken
        throw error
      }
    },
  }
}

function tokenOf(held: Held | undefined, name: string): AccessToken {
  const token = held?.tokens[name]
  if (!token) throw nobody()
  return token
}

async function inTime<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new ProofkeyError('timeout', `No new tokens within ${seconds} s.`, 'Try again.', { retryable: true })),
      seconds * 1000,
    )
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
