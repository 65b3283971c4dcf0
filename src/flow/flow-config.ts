import { type AuthorizationParameters, configInvalid, parameterProblems } from '../protocol/authorize/begin.js'
import { withoutCallbackParameters } from '../protocol/authorize/callback.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import { isLoopback, parseUrl } from '../protocol/discovery/endpoint.js'
import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import type { SignatureCheck } from '../protocol/jose/id-token-signature.js'
import type { RequestOptions } from '../protocol/request.js'
import type { Dpop } from '../protocol/token/dpop.js'

/** What every client is made from. The {@link AuthorizationParameters} in it are the defaults of every sign-in. */
export interface FlowConfig extends AuthorizationParameters, Omit<RequestOptions, 'signal'> {
  /** The authorization server, written exactly as the server writes itself. */
  readonly issuer: string
  readonly clientId: string
  /** Where the server sends the person back to, exactly as registered. */
  readonly redirectUri: string
  /** How long a person may take to sign in. Default 600. */
  readonly lifetimeSeconds?: number | undefined
  /** The server's metadata, where it is not to be discovered. */
  readonly metadata?: ServerMetadata | undefined
  /** How long discovered metadata is used. Default 3600. */
  readonly metadataLifetimeSeconds?: number | undefined
  /** Pass `checkIdTokenSignature` to verify ID token signatures too. */
  readonly signature?: SignatureCheck | undefined
  /** How the client proves itself. */
  readonly clientAuth?: ClientAuth | undefined
  /** Ties the tokens to a key (RFC 9449): `dpop()`. Default: bearer tokens. */
  readonly dpop?: Dpop | undefined
}

/** What kind of value an option is, where it is given. */
const KINDS = {
  string: ['scope', 'requiredScope', 'acrValues', 'prompt', 'loginHint', 'uiLocales'],
  object: ['claims', 'additionalParameters', 'metadata', 'clientAuth', 'dpop', 'vault', 'userAgent'],
  function: ['fetch', 'signature', 'insecure', 'exchange'],
}

/**
 * Finds everything that is wrong with a configuration, at once. Values are named by their kind, never shown.
 * @throws `config_invalid`
 */
export function checkConfig(config: FlowConfig): void {
  const options = Object(config)
  const problems = parameterProblems(options)
  const expect = (field: string, right: (value: unknown) => unknown, repair: string) => {
    if (!right(options[field])) problems.push(`${field} (${typeof options[field]}): ${repair}`)
  }
  expect('issuer', (value) => isIssuer(parseUrl(value), options), 'the https URL the server calls itself')
  expect('clientId', (value) => value && typeof value === 'string', 'the id registered at the server')
  expect(
    'redirectUri',
    (value) => isRedirectUri(parseUrl(value)),
    'absolute, without a fragment: https, http on loopback, or a scheme like com.example.app',
  )
  expect('clientSecret', (value) => !value, 'remove it; see clientAuth')
  for (const field of ['lifetimeSeconds', 'metadataLifetimeSeconds', 'timeoutSeconds']) {
    expect(field, (value = 1) => Number(value) > 0 && isSeconds(value), 'a positive number, at most a million')
  }
  expect('maxAgeSeconds', (value = 0) => isSeconds(value), 'a number from 0 to a million')
  for (const [kind, fields] of Object.entries(KINDS)) {
    for (const field of fields)
      expect(field, (value) => value === undefined || (value && typeof value === kind), `a ${kind}`)
  }
  if (problems[0]) throw configInvalid(problems)
}

const isSeconds = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1e6

const isIssuer = (url: URL | undefined, { insecure }: FlowConfig) =>
  url && (url.protocol === 'https:' || insecure?.(url)) && !/[?#]/.test(url.href)

/** RFC 8252 §7: https, http on loopback, or a private-use scheme in reverse-DNS form. */
const isRedirectUri = (url: URL | undefined) =>
  url &&
  !url.href.includes('#') &&
  withoutCallbackParameters(url) === url.href &&
  (/^https:|\./.test(url.protocol) || (url.protocol === 'http:' && isLoopback(url)))
