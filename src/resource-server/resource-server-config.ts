import type { SealingKey } from '../crypto/keyring.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../protocol/discovery/endpoint.js'
import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import type { RequestOptions } from '../protocol/request.js'
import { type AccessTokenProfile, isProfile } from '../protocol/resource/access-token-profile.js'
import type { CertificateOf } from '../protocol/resource/certificate.js'
import { isQuotable } from '../protocol/resource/challenge-header.js'
import { allowMissingAudience, type MissingAudience } from '../protocol/resource/introspection.js'
import type { ReplayCache } from '../vault/replay-cache.js'

/** Asks the authorization server about tokens (RFC 7662). */
export interface IntrospectionConfig {
  /** This API as a client of the authorization server. */
  readonly clientId: string
  /** How it authenticates, for example `clientSecretBasic(secret)`. */
  readonly clientAuth: ClientAuth
  /** `opaque`: only tokens that are no JWT. `all`: JWTs as well, so that a revoked one is refused. Default `opaque`. */
  readonly tokens?: 'opaque' | 'all' | undefined
  /**
   * How long the response for an active token is used again, at most until `exp`; so long a revoked token is accepted. 0 to
   * 300. Default 0: each request asks.
   */
  readonly cacheSeconds?: number | undefined
  /** How many requests may ask at the same time; the next ones get status 503. Default 50. */
  readonly maxConcurrent?: number | undefined
  /** Pass `allowMissingAudience` for a server that sends no `aud`. */
  readonly missingAudience?: MissingAudience | undefined
}

/** An authorization server whose access tokens are accepted. */
export interface TrustedIssuer {
  /** The issuer identifier, exactly as the server spells it. */
  readonly issuer: string
  /** The server's metadata: `issuer`, `jwks_uri`, `introspection_endpoint`. Default: loaded from the server. */
  readonly metadata?: Partial<ServerMetadata> | undefined
  /** Default: opaque tokens are refused. At most one server can have it: an opaque token does not tell whose it is. */
  readonly introspection?: IntrospectionConfig | undefined
  /** Pass `accessTokensWithoutStandardType(…)` for a server whose JWTs do not follow RFC 9068. */
  readonly accessTokens?: AccessTokenProfile | undefined
}

/** DPoP (RFC 9449). */
export interface DpopConfig {
  /** Remembers the proofs: `redisReplayCache` for several servers, `memoryReplayCache` for one process. */
  readonly replayCache: ReplayCache
  /** Refuses all others: bearer tokens, and those of mutual TLS. Default: only tokens that are bound to a key need a proof. */
  readonly required?: true | undefined
  /**
   * Requires a nonce of this API in each proof (§9), sealed with these keys, which all servers of the API share. Proofs then
   * cannot be made in advance, and the client's clock does not matter. Default: no nonces.
   */
  readonly nonceKeys?: readonly SealingKey[] | undefined
  /** How long a nonce is accepted, 20 to 3600. Default 300. */
  readonly nonceSeconds?: number | undefined
  /** How old a proof may be if there are no nonces, 1 to 300. Default 60. */
  readonly proofSeconds?: number | undefined
}

/** Tokens that are bound to a client certificate (RFC 8705 §3). */
export interface MutualTlsConfig {
  /** The client certificate of a request's TLS connection. */
  readonly certificateOf: CertificateOf
  /** Refuses tokens that are not bound to a certificate, also those of DPoP; so not together with `dpop.required`. Default: they are accepted. */
  readonly required?: true | undefined
}

/** What the metadata document says besides (RFC 9728 §2). */
export interface ResourceDescription {
  readonly scopesSupported?: readonly string[] | undefined
  /** `resource_name`. */
  readonly name?: string | undefined
  /** `resource_documentation`, a URL. */
  readonly documentation?: string | undefined
  /** `resource_policy_uri`. */
  readonly policy?: string | undefined
  /** `resource_tos_uri`. */
  readonly termsOfService?: string | undefined
}

/** The configuration of {@link createResourceServer}. */
export interface ResourceServerConfig
  extends Partial<TrustedIssuer>,
    ResourceDescription,
    Omit<RequestOptions, 'signal'> {
  /** In place of `issuer`: several servers. Users are then identified by `issuer` and `subject`. */
  readonly issuers?: readonly TrustedIssuer[] | undefined
  /** What `aud` of a token must contain; of several, one. */
  readonly audience: string | readonly string[]
  /** The identifier of this API (RFC 9728 §1.2), an https URL that clients use. Default: `audience`. */
  readonly resource?: string | undefined
  /** Accepts only tokens of these clients. Default: all that the server issues tokens for this audience to. */
  readonly clientIds?: readonly string[] | undefined
  /** The signature algorithms of tokens and proofs. Default: all asymmetric ones. There is no HMAC and no `none`. */
  readonly algorithms?: readonly string[] | undefined
  /** Tolerance for the clock of the authorization server, 0 to 300. Default 30. */
  readonly clockToleranceSeconds?: number | undefined
  readonly dpop?: DpopConfig | undefined
  readonly mutualTls?: MutualTlsConfig | undefined
  /** `realm` of the challenges. Default: none. */
  readonly realm?: string | undefined
  /**
   * The URL that the client requested, for DPoP proofs. Default: the origin of `resource`, and the path of the request; the
   * `Host` header does not count. Needed if a proxy changes the path, or if the API has several origins.
   */
  readonly url?: ((request: Request) => string) | undefined
}

/** All signature algorithms that can be verified: RFC 7518 §3.1 without HMAC, RFC 8037, RFC 9864. */
export const ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
]

/**
 * Checks all options, and reports all problems in one error.
 * @throws `config_invalid`
 */
export function checkResourceServerConfig(config: ResourceServerConfig): void {
  const problems: string[] = []
  const require = (isMet: unknown, problem: string) => void (isMet || problems.push(problem))
  const { issuer, issuers, audience, algorithms = ALGORITHMS, dpop, mutualTls, insecure } = Object(config)
  require(Boolean(issuer) !== Boolean(issuers), 'issuer: pass either issuer or issuers')
  const trusted: readonly TrustedIssuer[] = Array.isArray(issuers) ? issuers : [config]
  for (const one of trusted) require(...issuerProblem(one, insecure))
  require(new Set(trusted.map((one) => one?.issuer)).size === trusted.length &&
    trusted[0], 'issuers: must be different servers, at least one')
  const asked = trusted.filter((one) => one?.introspection)
  require(asked.length < 2, 'introspection: only one of issuers can have it')
  for (const one of asked) problems.push(...introspectionProblems(one.introspection as IntrospectionConfig, config))
  require(isTexts([audience].flat()) && audience?.length, 'audience: must be a text or texts, not empty')
  const resource = parseUrl(config.resource ?? [audience].flat()[0])
  require(resource &&
    isSecure(resource, insecure) &&
    !resource.href.includes(
      '#',
    ), 'resource: must be the https URL of this API, without a fragment, if audience is none; or http on loopback with insecure: allowInsecureLoopback')
  require(isTexts(algorithms) &&
    algorithms.every((one: string) => ALGORITHMS.includes(one)) &&
    algorithms.length, `algorithms: must be of ${ALGORITHMS.join(' ')}`)
  for (const name of ['clientIds', 'scopesSupported'] as const)
    require(isTexts(config[name] ?? []), `${name}: must be a list of texts`)
  require(isWithin(config.clockToleranceSeconds ?? 30, 0, 300), 'clockToleranceSeconds: must be 0 to 300')
  require(isQuotable(config.realm ?? ''), 'realm: must be printable ASCII')
  require(['function', 'undefined'].includes(typeof config.url), 'url: must be a function')
  for (const name of ['documentation', 'policy', 'termsOfService'] as const)
    require(config[name] === undefined || parseUrl(config[name]), `${name}: must be a URL`)
  if (dpop) {
    const methods = ['claim', 'commit', 'release'].map((name) => typeof Object(dpop.replayCache)[name])
    require(methods.every(
      (type) => type === 'function',
    ), 'dpop.replayCache: must be redisReplayCache(…) or memoryReplayCache(…)')
    require(isWithin(dpop.nonceSeconds ?? 300, 20, 3600), 'dpop.nonceSeconds: must be 20 to 3600')
    require(isWithin(dpop.proofSeconds ?? 60, 1, 300), 'dpop.proofSeconds: must be 1 to 300')
  }
  require(!(
    dpop?.required && mutualTls?.required
  ), 'required: only one of dpop and mutualTls can be, since no token is bound to both')
  if (mutualTls) require(typeof mutualTls.certificateOf === 'function', 'mutualTls.certificateOf: must be a function')
  if (problems[0]) throw configInvalid(problems)
}

function issuerProblem(one: TrustedIssuer, insecure: InsecureSwitch | undefined): [boolean, string] {
  const { issuer, metadata, accessTokens } = Object(one)
  const url = parseUrl(issuer)
  if (!url || !isSecure(url, insecure) || /[?#]/.test(url.href))
    return [
      false,
      `issuer (${typeof issuer}): must be the issuer of the server: an https URL, or http on loopback with insecure: allowInsecureLoopback`,
    ]
  if (metadata !== undefined && Object(metadata).issuer !== issuer)
    return [false, 'metadata: must have the same issuer']
  return [
    accessTokens === undefined || isProfile(accessTokens),
    'accessTokens: must be made by accessTokensWithoutStandardType of the same copy of proofkey',
  ]
}

function introspectionProblems(introspection: IntrospectionConfig, { clientIds }: ResourceServerConfig): string[] {
  const { clientId, clientAuth, tokens, cacheSeconds, maxConcurrent, missingAudience } = Object(introspection)
  const checks: Record<string, unknown> = {
    'clientId: must be the client_id of this API at the server': typeof clientId === 'string' && clientId,
    'clientAuth: must be a client authentication other than none()':
      Object(clientAuth).authenticate && clientAuth.method !== 'none',
    'tokens: must be opaque or all': [undefined, 'opaque', 'all'].includes(tokens),
    'cacheSeconds: must be 0 to 300': isWithin(cacheSeconds ?? 0, 0, 300),
    'maxConcurrent: must be at least 1': isWithin(maxConcurrent ?? 1, 1, Number.POSITIVE_INFINITY),
    'missingAudience: must be allowMissingAudience, and needs clientIds':
      missingAudience === undefined || (missingAudience === allowMissingAudience && clientIds?.[0]),
  }
  return Object.entries(checks).flatMap(([problem, isMet]) => (isMet ? [] : `introspection.${problem}`))
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one)

const isWithin = (value: unknown, min: number, max: number) => typeof value === 'number' && value >= min && value <= max
