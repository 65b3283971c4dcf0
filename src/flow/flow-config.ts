import { type AuthorizationParameters, configInvalid, parameterProblems } from '../protocol/authorize/begin.js'
import type { PushRequest } from '../protocol/authorize/pushed-request.js'
import type { RichAuthorization } from '../protocol/authorize/rich-authorization.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import type { Partition } from '../protocol/client-key.js'
import { isSecure, parseUrl } from '../protocol/discovery/endpoint.js'
import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import type { TrustedAudiences } from '../protocol/jose/id-token.js'
import type { SignatureCheck } from '../protocol/jose/id-token-signature.js'
import type { Profile } from '../protocol/profile.js'
import type { Provider } from '../protocol/provider.js'
import { isRedirectUri } from '../protocol/redirect-uri.js'
import type { RequestOptions } from '../protocol/request.js'
import type { Dpop } from '../protocol/token/dpop.js'

/** The options that all clients share. Its {@link AuthorizationParameters} are the defaults of every sign-in. */
export interface FlowConfig
  extends AuthorizationParameters,
    TrustedAudiences,
    Partition,
    Omit<RequestOptions, 'signal'> {
  /** The issuer identifier of the authorization server: exactly the `issuer` of its metadata, including a trailing slash. */
  readonly issuer: string
  readonly clientId: string
  /** The redirect URI, exactly as registered at the server. */
  readonly redirectUri: string
  /** How long the user may take to sign in, from `signIn()` to the callback. Default 600. */
  readonly lifetimeSeconds?: number | undefined
  /** The server's metadata. Default: loaded from the server (discovery). */
  readonly metadata?: ServerMetadata | undefined
  /** How long to cache discovered metadata. Default 3600. */
  readonly metadataLifetimeSeconds?: number | undefined
  /** Pass `checkIdTokenSignature` to also verify the signatures of ID tokens. */
  readonly signature?: SignatureCheck | undefined
  /** How the client authenticates at the token endpoint, for example `clientSecretBasic(secret)`. */
  readonly clientAuth?: ClientAuth | undefined
  /** Pass `pushed()` to send authorization requests to the server in advance (PAR, RFC 9126). Default: in the URL. */
  readonly par?: PushRequest | undefined
  /** Pass `richAuthorization()` to send `authorizationDetails`, and to compare what is granted with them (RFC 9396). */
  readonly rar?: RichAuthorization | undefined
  /** Pass `dpop()` to bind the tokens to a key (DPoP, RFC 9449). Default: bearer tokens. */
  readonly dpop?: Dpop | undefined
  /** How this server differs from the standards: part of an entry of `proofkey/providers`. Default: not at all. */
  readonly provider?: Provider | undefined
  /** A security profile, which `fapi2()` sets. */
  readonly profile?: Profile | undefined
}

/** The `typeof` of each optional option. */
const TYPES = {
  string: 'scope requiredScope acrValues prompt loginHint uiLocales partition',
  object: 'claims additionalParameters metadata clientAuth dpop rar vault userAgent',
  function: 'fetch signature insecure exchange par',
}

/**
 * Checks all options, and reports all problems in one error. The message contains the types of values, not the values,
 * which may be secrets in the wrong place.
 * @throws `config_invalid`
 */
export function checkConfig(config: FlowConfig): void {
  const options = Object(config)
  const problems = parameterProblems(options)
  const check = (field: string, isValid: (value: unknown) => unknown, requirement: string) => {
    if (!isValid(options[field])) problems.push(`${field} (${typeof options[field]}): ${requirement}`)
  }
  check(
    'issuer',
    (value) => isIssuer(parseUrl(value), options),
    'must be the issuer in the server metadata: an https URL, or http on loopback with insecure: allowInsecureLoopback',
  )
  check('clientId', (value) => value && typeof value === 'string', 'must be the client_id from the registration')
  check(
    'redirectUri',
    (value) => isRedirectUri(parseUrl(value)),
    'must be an absolute URI without a fragment or response parameters: https, http on loopback, or a scheme like com.example.app',
  )
  check('clientSecret', (value) => !value, 'is not an option; use clientAuth')
  const seconds = 'must be a number from 0 to 1000000'
  check('maxAgeSeconds', (value = 0) => isSeconds(value), seconds)
  for (const field of ['lifetimeSeconds', 'metadataLifetimeSeconds', 'timeoutSeconds'])
    check(field, (value = 1) => value && isSeconds(value), `${seconds}, not 0`)
  for (const [type, fields] of Object.entries(TYPES))
    for (const field of fields.split(' '))
      check(
        field,
        (value) => value === undefined || (typeof value === type && (value || /scope/i.test(field))),
        field === 'insecure'
          ? 'must be allowInsecureLoopback'
          : typeof options[field] === 'function'
            ? 'must be called, with ()'
            : `must be of type ${type}`,
      )
  check('userAgent', (value) => !Object(value).silent, 'must show pages, unlike frame()')
  check('trustedAudiences', (value = []) => Array.isArray(value), 'must be a list of client ids')
  problems.push(...(options.profile?.problems(options) ?? []))
  if (problems[0]) throw configInvalid(problems)
}

const isSeconds = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1e6

const isIssuer = (url: URL | undefined, { insecure }: FlowConfig) =>
  url && isSecure(url, insecure) && !/[?#]/.test(url.href)
