import { configInvalid } from '../protocol/authorize/begin.js'
import { type PushRequest, pushed } from '../protocol/authorize/pushed-request.js'
import {
  type AssertionClientAuth,
  type CertificateClientAuth,
  type ClientAuth,
  keyOf,
} from '../protocol/client-auth/client-auth.js'
import { checkFapi2Server, FAPI2_ALGORITHMS } from '../protocol/discovery/fapi2-server.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { checkIdTokenSignature, type SignatureCheck } from '../protocol/jose/id-token-signature.js'
import type { Profile } from '../protocol/profile.js'
import type { FetchLike } from '../protocol/request.js'
import type { Dpop } from '../protocol/token/dpop.js'

declare const brand: unique symbol

/** `pushed()` of a profile. It is no `PushRequest` for a configuration without the profile. */
interface ProfilePush {
  readonly [brand]: true
}

/** The options that `fapi2` decides, and those that would weaken it. */
interface Fapi2Members {
  readonly profile: Profile
  readonly par: ProfilePush
  readonly clientAuth: AssertionClientAuth | CertificateClientAuth
  readonly signature: SignatureCheck
  /** Endpoints come from the metadata document only (§5.3.3.1, 9). */
  readonly metadata?: undefined
  /** A server of the profile does not differ from the standards. */
  readonly provider?: undefined
  /** TLS only (§5.2.1). */
  readonly insecure?: undefined
  /** The client that starts the sign-in redeems the code itself. */
  readonly exchange?: undefined
}

/** What `fapi2` returns with DPoP: a part of the options of a client. */
export interface Fapi2WithDpop extends Fapi2Members {
  readonly dpop: Dpop
}

/** What `fapi2` returns with tokens that are bound to a certificate: a part of the options of a client. */
export interface Fapi2WithCertificate extends Fapi2Members {
  readonly dpop?: undefined
  /** Shows the certificate, also to APIs: they need it for tokens that are bound to it. */
  readonly fetch: FetchLike
}

/** Options of a client with what {@link fapi2} has returned; none of it can be replaced. */
export type WithFapi2<Config, Members = Fapi2WithDpop | Fapi2WithCertificate> = Omit<Config, keyof Fapi2WithDpop> &
  Members

/** Options of {@link fapi2}: how the client authenticates, and what its tokens are bound to. Both are required. */
export interface Fapi2Options<Constraint = Dpop | CertificateClientAuth> {
  /** `privateKeyJwt(key)` with a key for PS256, ES256 or Ed25519; or mutual TLS, in Node `mutualTls({ cert, key })`. */
  readonly clientAuth: AssertionClientAuth | CertificateClientAuth
  /** DPoP: `dpop()` in a browser, `createDpop(load)` on a server. Or mutual TLS; the same one, if `clientAuth` is one too. */
  readonly senderConstrained: Constraint
}

/**
 * The FAPI 2.0 Security Profile (final, February 2025) as one part of the options: `createServerClient({ ...fapi2({ clientAuth,
 * senderConstrained }), issuer, … })`. For `createServerClient` and `createServerSessionClient`, and in a browser for an
 * instance with a key of its own (`registerInstance`).
 *
 * The configuration is complete or does not compile, and what was decided cannot be replaced by options that follow. A server
 * whose metadata lacks something of the profile is refused, before the user leaves: `not_supported`, with all that is
 * missing. See docs/guide/fapi.md for the list.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { mutualTls } from 'proofkey/node'
 * import { createServerClient, fapi2, sealedCookie } from 'proofkey/server'
 *
 * const certificate = mutualTls({ cert: process.env['TLS_CERT'] ?? '', key: process.env['TLS_KEY'] ?? '' })
 * const auth = createServerClient({
 *   ...fapi2({ clientAuth: certificate, senderConstrained: certificate }),
 *   issuer: 'https://bank.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   vault: sealedCookie({ keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] }),
 * })
 * ```
 */
export function fapi2(options: Fapi2Options<Dpop>): Fapi2WithDpop
export function fapi2(options: Fapi2Options<CertificateClientAuth>): Fapi2WithCertificate
export function fapi2(given: Fapi2Options): Fapi2WithDpop | Fapi2WithCertificate {
  const { clientAuth, senderConstrained } = Object(given) as Fapi2Options
  const problems = choiceProblems(clientAuth, senderConstrained)
  if (problems[0]) throw configInvalid(problems)

  const dpop = isDpop(senderConstrained) ? senderConstrained : undefined
  const certificate = dpop ? undefined : (senderConstrained as CertificateClientAuth)
  const key = keyOf(clientAuth)
  const push: PushRequest = async (server, request, options) => {
    if ((options as { readonly profile?: unknown }).profile !== profile) throw configInvalid([WITHOUT_PROFILE])
    return pushed()(server, request, options)
  }
  const members = {
    par: push as unknown as ProfilePush,
    // The certificate is shown at the token endpoint, whatever the authentication is (RFC 8705 §3).
    clientAuth: (certificate ? { ...clientAuth, route: certificate.route } : clientAuth) as AssertionClientAuth,
    signature: checkIdTokenSignature,
    dpop,
  }
  const profile = Object.freeze({
    name: 'FAPI 2.0 Security Profile',
    problems: (config: object) => configProblems(config, { ...members, profile }),
    server: (metadata: CheckedMetadata) =>
      checkFapi2Server(metadata, {
        authMethod: clientAuth.method,
        assertionAlgorithm: key === 'certificate' ? undefined : key,
        dpop: !!dpop,
      }),
  }) as unknown as Profile
  if (dpop) return { ...members, dpop, profile }
  return { ...members, dpop: undefined, profile, fetch: fetchOf(certificate as CertificateClientAuth) }
}

const WITHOUT_PROFILE = 'profile: was removed from what fapi2() returned'

function choiceProblems(clientAuth: ClientAuth, senderConstrained: unknown): string[] {
  const problems: string[] = []
  const key = keyOf(clientAuth)
  if (!key) problems.push('clientAuth: must be privateKeyJwt(key) or mutual TLS, of the same copy of proofkey')
  else if (key !== 'certificate' && !FAPI2_ALGORITHMS.includes(key))
    problems.push(`clientAuth: ${key} is not allowed; use a key for PS256, ES256 or Ed25519`)
  if (!isDpop(senderConstrained)) {
    if (keyOf(senderConstrained) !== 'certificate')
      problems.push('senderConstrained: must be DPoP, for example createDpop(load), or mutual TLS')
    else if (key === 'certificate' && clientAuth !== senderConstrained)
      problems.push('senderConstrained: must be the same certificate as clientAuth')
  }
  return problems
}

/** Options that were replaced or that weaken the profile. Types refuse them too. */
function configProblems(config: object, decided: object): string[] {
  const given = config as Readonly<Record<string, unknown>>
  const replaced = Object.entries(decided).filter(([name, value]) => given[name] !== value)
  const weakening = ['metadata', 'provider', 'insecure', 'exchange', 'onPrompt'].filter((name) => given[name])
  return [
    ...replaced.map(([name]) => `${name}: is decided by fapi2(), and cannot be replaced`),
    ...weakening.map((name) => `${name}: is not possible with fapi2()`),
  ]
}

const isDpop = (value: unknown): value is Dpop => typeof Object(value).attempt === 'function'

/** What a certificate's requests are sent with. */
function fetchOf({ route }: CertificateClientAuth): FetchLike {
  const [, { fetch }] = route({ issuer: '', token_endpoint: '' }, {})
  return fetch as FetchLike
}
