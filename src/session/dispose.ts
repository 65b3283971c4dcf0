import { codeOf } from '../errors.js'
import type { createFlow } from '../flow/flow.js'
import type { FlowConfig } from '../flow/flow-config.js'
import { CLOCK_SKEW_SECONDS } from '../protocol/jose/id-token.js'
import { revokeToken } from '../protocol/token/revoke.js'
import type { StoredSession } from './session-record.js'

interface TokenSet {
  readonly accessTokens: readonly string[]
  readonly refreshToken: string | undefined
}

/** The tokens of a session, without those that have expired, clock differences included. */
export const tokensOf = ({ tokens, refresh }: StoredSession): TokenSet => ({
  accessTokens: Object.values(tokens)
    .filter(({ expiresAtMs = Infinity }) => expiresAtMs > Date.now() - CLOCK_SKEW_SECONDS * 1000)
    .map(({ accessToken }) => accessToken),
  refreshToken: refresh?.refreshToken,
})

/** Revokes tokens, each once. What is not revoked is reported, and does not stop the others. Never rejects. */
export async function revokeAll(
  sets: readonly TokenSet[],
  { metadata, report }: Pick<ReturnType<typeof createFlow>, 'metadata' | 'report'>,
  config: FlowConfig,
): Promise<void> {
  const { fetch = globalThis.fetch } = config
  let isToldUnsupported = false
  const revoke = async (token: string, tokenTypeHint: 'access_token' | 'refresh_token') => {
    try {
      const server = await metadata()
      if (!token) return
      if (!server.revocation_endpoint) {
        if (!isToldUnsupported) report({ type: 'revocation_unsupported' })
        isToldUnsupported = true
        return
      }
      report({ type: 'revocation_started', token: tokenTypeHint })
      await revokeToken(server, config.clientId, token, {
        ...config,
        tokenTypeHint,
        // The page may be closed meanwhile.
        fetch: (url, init) => fetch(url, { ...init, keepalive: true }),
      })
      report({ type: 'token_revoked', token: tokenTypeHint })
    } catch (error) {
      report({
        type: 'revocation_failed',
        token: tokenTypeHint,
        code: codeOf(error),
      })
    }
  }
  const accessTokens = new Set(sets.flatMap((set) => set.accessTokens))
  const refreshTokens = new Set(sets.flatMap(({ refreshToken }) => refreshToken ?? []))
  // Access tokens first: some servers end them with the refresh token, and then reject their revocation. But a page that is
  // left sends the rest at once: the refresh token is worth most, and a false failure is reported to nobody there.
  const over = new AbortController()
  const { signal } = over
  const leaving = new Promise((resolve) => globalThis.addEventListener?.('pagehide', resolve, { signal }))
  await Promise.race([leaving, Promise.all([...accessTokens].map((token) => revoke(token, 'access_token')))])
  // Servers with this function never leave a page: their listeners would add up.
  over.abort()
  await Promise.all([...refreshTokens].map((token) => revoke(token, 'refresh_token')))
}
