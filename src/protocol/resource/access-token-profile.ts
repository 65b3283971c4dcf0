import { configInvalid } from '../authorize/begin.js'
import type { Claims } from './token-checks.js'

declare const brand: unique symbol

/** How the JWT access tokens of a server look; see {@link accessTokensWithoutStandardType}. */
export interface AccessTokenProfile {
  readonly [brand]: true
  /** Values of `typ` besides those of RFC 9068. */
  readonly types: readonly string[]
  /** Claims that may be missing. */
  readonly missing: readonly string[]
  /** The claims under the names of RFC 9068. */
  read(claims: Claims): Claims
  /** Whether a token with one of `types` is an access token, by its claims as they are in it. */
  isOwn(claims: Claims): boolean
}

/** Options of {@link accessTokensWithoutStandardType}. */
export interface AccessTokenTraits {
  /** The `typ` of the JWT header. Default `JWT`. */
  readonly type?: string | undefined
  /**
   * What tells an access token from an ID token: a claim that only access tokens of this server have, or a value that only
   * theirs has: `{ claim: 'typ', value: 'Bearer' }` (Keycloak), `{ claim: 'scp' }` (Entra ID). No claim of ID tokens.
   */
  readonly distinguishedBy: { readonly claim: string; readonly value?: string | undefined }
  /** The claim with the client's id. Default `client_id`. */
  readonly clientIdClaim?: string | undefined
  /** The claim with the scope, a text or a list. Default `scope`. */
  readonly scopeClaim?: string | undefined
  /** The claims of RFC 9068 that this server does not issue. Default: none. */
  readonly missing?: readonly ('sub' | 'client_id' | 'jti')[] | undefined
}

/** RFC 9068. An object and no call, so that bundles that do not use it can leave it out. */
export const STANDARD = {
  types: [],
  missing: [],
  read: (claims: Claims) => claims,
  isOwn: () => true,
} as unknown as AccessTokenProfile

/** Claims that ID tokens have as well (OpenID Connect Core §2, §5.1). */
const OF_ID_TOKENS = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'auth_time',
  'nonce',
  'acr',
  'amr',
  'azp',
  'sid',
  'at_hash',
  'c_hash',
  's_hash',
  'email',
  'name',
]

const profiles = new WeakSet<AccessTokenProfile>()

export const isProfile = (value: unknown): boolean => profiles.has(value as AccessTokenProfile)

/**
 * Accepts JWT access tokens that do not follow RFC 9068, of a server that cannot issue others: with `typ: JWT`, as ID tokens
 * have it. What tells them apart must be named, and a token with `nonce`, `at_hash`, `c_hash` or `s_hash` is refused.
 *
 * @deprecated Marked only as a warning: if the server's ID tokens have that claim too, one of them is accepted as an access
 * token. Let the server issue `at+jwt` if it can.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createResourceServer, accessTokensWithoutStandardType } from 'proofkey/resource-server'
 *
 * const api = createResourceServer({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   accessTokens: accessTokensWithoutStandardType({ distinguishedBy: { claim: 'scp' } }),
 * })
 * ```
 */
export function accessTokensWithoutStandardType(traits: AccessTokenTraits): AccessTokenProfile {
  const {
    type = 'JWT',
    distinguishedBy,
    clientIdClaim = 'client_id',
    scopeClaim = 'scope',
    missing = [],
  } = Object(traits)
  const { claim, value } = Object(distinguishedBy)
  if (typeof claim !== 'string' || !claim || OF_ID_TOKENS.includes(claim))
    throw configInvalid(['distinguishedBy.claim: must be a claim that ID tokens of the server do not have'])
  const profile = {
    types: [type],
    missing,
    read(claims: Claims) {
      const { client_id: _, scope: __, ...others } = claims
      const [clientId, granted] = [claims[clientIdClaim], claims[scopeClaim]]
      // What is missing has no member: one that is undefined would hide what introspection says.
      return {
        ...others,
        ...(clientId !== undefined && { client_id: clientId }),
        ...(granted !== undefined && { scope: Array.isArray(granted) ? granted.join(' ') : granted }),
      }
    },
    isOwn: (claims: Claims) =>
      (value === undefined ? claims[claim] !== undefined : claims[claim] === value) &&
      !['nonce', 'at_hash', 'c_hash', 's_hash'].some((name) => name in claims),
  } as unknown as AccessTokenProfile
  profiles.add(profile)
  return profile
}
