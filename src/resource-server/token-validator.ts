import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { parseAccessToken, validateAccessToken } from '../protocol/resource/access-token.js'
import { checkIntrospection, introspect, introspectionFailed } from '../protocol/resource/introspection.js'
import { type Claims, tokenRefused } from '../protocol/resource/token-checks.js'
import { createIntrospector } from './introspector.js'
import type { Issuer } from './issuers.js'
import { ALGORITHMS, type ResourceServerConfig } from './resource-server-config.js'

/** The claims of a valid token, and the server that issued it. */
export interface ValidatedToken {
  readonly issuer: string
  readonly claims: Claims
}

export interface TokenValidatorOptions {
  readonly config: ResourceServerConfig
  readonly issuers: readonly Issuer[]
  /** Called once it is known which trusted server a token names. */
  readonly report: (event: EventBody, issuer: string) => void
}

/** Validates tokens of the trusted servers: JWTs by their signature, others by asking their server. */
export function createTokenValidator({ config, issuers, report }: TokenValidatorOptions) {
  const { audience, clientIds, algorithms = ALGORITHMS, clockToleranceSeconds = 30 } = config
  const { fetch, timeoutSeconds, insecure } = config
  const audiences = [audience].flat()
  const byName = new Map(
    issuers.map((one) => {
      const { issuer, keys, accessTokens: profile, introspection } = one
      const { missingAudience } = introspection ?? {}
      const policy = { issuer, audiences, clientIds, clockToleranceSeconds, algorithms, keys, profile, missingAudience }
      return [issuer, { issuer, policy, ask: introspectorOf(one), asksAll: introspection?.tokens === 'all' }]
    }),
  )
  const asked = issuers.find((one) => one.introspection)?.issuer

  function introspectorOf(one: Issuer) {
    if (!one.introspection) return undefined
    const { clientId, clientAuth, cacheSeconds = 0, maxConcurrent = 50 } = one.introspection
    const options = { clientAuth, fetch, timeoutSeconds, insecure }
    return createIntrospector({
      cacheSeconds,
      maxConcurrent,
      ask: async (token) => {
        try {
          return await introspect(await one.server(), clientId, token, options)
        } catch (error) {
          report({ type: 'introspection_failed', code: codeOf(error) }, one.issuer)
          throw introspectionFailed(error)
        }
      },
    })
  }

  async function fromServer(name: string, token: string): Promise<ValidatedToken> {
    const issuer = byName.get(name)
    const claims = await issuer?.ask?.(token)
    if (!issuer || !claims) throw tokenRefused('the server says that it is not active')
    return { issuer: name, claims: checkIntrospection(claims, issuer.policy) }
  }

  return {
    async validate(token: string): Promise<ValidatedToken> {
      const jwt = parseAccessToken(token)
      if (!jwt) {
        if (!asked) throw tokenRefused('it is opaque, and introspection is not configured')
        return fromServer(asked, token)
      }
      const issuer = byName.get(jwt.claims['iss'] as string)
      if (!issuer) throw tokenRefused('its iss is not trusted', 'iss')
      const claims = await validateAccessToken(jwt, issuer.policy)
      if (!issuer.asksAll) return { issuer: issuer.issuer, claims }
      const current = await fromServer(issuer.issuer, token)
      // What the server signed stands; what it says now is added.
      return { ...current, claims: { ...current.claims, ...claims } }
    },
  }
}
