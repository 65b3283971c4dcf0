import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { createTicket } from '../../crypto/ticket.js'
import { ProofkeyError } from '../../errors.js'
import { clientKeyOf, type Partition } from '../client-key.js'
import { endpointUrl, type InsecureSwitch, parseUrl } from '../discovery/endpoint.js'
import type { CheckedMetadata } from '../discovery/metadata.js'
import { type IdTokenOptions, idTokenPolicy, type TrustedAudiences } from '../jose/id-token.js'
import { type Provider, providers } from '../provider.js'
import { scopes } from '../scope.js'
import type { Dpop } from '../token/dpop.js'
import type { AuthorizationDetail } from '../token/granted-details.js'
import type { RichAuthorization } from './rich-authorization.js'
import { pin, type Transaction } from './transaction.js'

/** How the server returns the response (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post Response Mode). */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** Parameters of the authorization request. Each is sent under its standard name, for example `loginHint` as `login_hint`. */
export interface AuthorizationParameters extends IdTokenOptions {
  /** Space-separated. With `openid`, an ID token is required and checked against a `nonce`. */
  readonly scope?: string | undefined
  /** Space-separated. The sign-in fails with `scope_missing` if one of these is not granted. Default: none. */
  readonly requiredScope?: string | undefined
  /**
   * The resource servers to get access tokens for: absolute URIs without a fragment (RFC 8707 §2). The token response of
   * the sign-in contains the access token for the first one (§2.2); a refresh request gets the token for another one.
   */
  readonly resource?: string | readonly string[] | undefined
  /** More resource servers. The access token of the sign-in itself is never for one of these, only one from a refresh is. */
  readonly additionalResources?: readonly string[] | undefined
  readonly prompt?: 'none' | 'login' | 'consent' | 'select_account' | 'create' | (string & {}) | undefined
  readonly loginHint?: string | undefined
  /** Space-separated BCP 47 tags. */
  readonly uiLocales?: string | undefined
  /** OpenID Connect Core §5.5; sent as JSON. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Rich authorization requests (RFC 9396), with `rar: richAuthorization()`; sent as JSON. Those of one sign-in replace these. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /**
   * Other parameters of your server. Those of one sign-in are added to the configured ones. A parameter that proofkey sets
   * itself is an error (`config_invalid`).
   */
  readonly additionalParameters?: Readonly<Record<string, string>> | undefined
}

/** {@link AuthorizationParameters}, and the parameters that identify the client. */
export interface AuthorizationRequest extends AuthorizationParameters, TrustedAudiences, Partition {
  readonly clientId: string
  /** Sent exactly as given, in the authorization request and in the token request. */
  readonly redirectUri: string
  /** Default: not sent, which means `query` for the code flow. */
  readonly responseMode?: ResponseMode | undefined
  /** How long the user may take to sign in. Default 600. */
  readonly lifetimeSeconds?: number | undefined
  /** Binds the authorization code to the DPoP key (`dpop_jkt`, RFC 9449 §10). */
  readonly dpop?: Dpop | undefined
  /** Pass `richAuthorization()` with `authorizationDetails`. */
  readonly rar?: RichAuthorization | undefined
  readonly insecure?: InsecureSwitch | undefined
  /** How this server differs from the standards. */
  readonly provider?: Provider | undefined
}

/** All parameters that `additionalParameters` must not contain, under their standard names. Those without a value are not sent. */
const ownParameters = (request: Partial<AuthorizationRequest>) => ({
  response_type: 'code',
  client_id: request.clientId,
  redirect_uri: request.redirectUri,
  scope: request.scope || undefined,
  state: undefined as string | undefined,
  nonce: undefined as string | undefined,
  code_challenge: undefined as string | undefined,
  code_challenge_method: 'S256',
  dpop_jkt: undefined as string | undefined,
  response_mode: request.responseMode,
  resource: [...new Set(resources(request))],
  acr_values: request.acrValues,
  max_age: request.maxAgeSeconds,
  prompt: request.prompt,
  login_hint: request.loginHint,
  ui_locales: request.uiLocales,
  claims: toJson('claims', request.claims),
  authorization_details: toJson('authorizationDetails', request.authorizationDetails),
  // A request object would override all parameters above (RFC 9101 §5). The others are secrets: never put them in a URL.
  request: undefined,
  request_uri: undefined,
  registration: undefined,
  code_verifier: undefined,
  client_secret: undefined,
  client_assertion: undefined,
})

/**
 * Builds an authorization request with a new code verifier, its S256 challenge (RFC 7636 §4), a `state` and, if `scope`
 * contains `openid`, a `nonce`.
 * @returns the URL to send the user to, and the transaction: keep it secret until the callback
 * @throws `config_invalid`, `endpoint_refused`, `insecure_context`; with `rar` also `not_supported`; with `dpop` also the errors of loading its key
 * @example
 * ```ts
 * import { beginAuthorization, discover } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const { url, transaction } = await beginAuthorization(server, {
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid',
 * })
 * // Store the transaction encrypted, send the user to url.
 * ```
 */
export async function beginAuthorization(
  server: CheckedMetadata,
  request: AuthorizationRequest,
): Promise<{ url: URL; transaction: Transaction }> {
  const problems = parameterProblems(request)
  if (problems[0]) throw configInvalid(problems)

  const { clientId, redirectUri, scope, requiredScope, authorizationDetails } = request
  request.rar?.check(server, request)
  const requestedAtMs = Date.now()
  const expiresAtMs = requestedAtMs + (request.lifetimeSeconds ?? 600) * 1000
  const codeVerifier = randomToken()
  const clientKey = clientKeyOf(server.issuer, clientId, request.partition)
  const state = createTicket(clientKey, expiresAtMs)
  const nonce = scopes(scope).includes('openid') ? randomToken() : undefined

  const parameters = {
    ...request.additionalParameters,
    ...ownParameters(request),
    state,
    nonce,
    code_challenge: await sha256(codeVerifier),
    dpop_jkt: await request.dpop?.thumbprint(clientKey),
  }

  return {
    url: endpointUrl(server, 'authorization_endpoint', parameters, request.insecure),
    transaction: {
      server: pin(server),
      clientId,
      redirectUri,
      state,
      codeVerifier,
      scope,
      requiredScope,
      resource: [request.resource].flat()[0],
      authorizationDetails,
      idToken: idTokenPolicy(request, { nonce, requestedAtMs }),
      expiresAtMs,
    },
  }
}

const NEEDS_RAR = 'authorizationDetails: needs rar: richAuthorization()'

/** Without it nobody would compare what is granted. @throws `config_invalid` */
export function needsRar(): never {
  throw configInvalid([NEEDS_RAR])
}

const resources = ({ resource = [], additionalResources = [] }: AuthorizationParameters) =>
  [resource, additionalResources].flat(2)

/** The invalid parameters, each with what it must be. Values are not repeated: they may be secrets in the wrong place. */
export function parameterProblems({
  additionalParameters,
  provider,
  rar,
  ...request
}: AuthorizationParameters & Pick<AuthorizationRequest, 'provider' | 'rar'>): string[] {
  const problems: string[] = []
  const { authorizationDetails } = request
  if (authorizationDetails) problems.push(...(rar?.problems(authorizationDetails) ?? [NEEDS_RAR]))
  if (provider)
    problems.push(
      ...(providers.get(provider)?.(request) ?? ['provider: use defineProvider of the same copy of proofkey']),
    )
  for (const uri of resources(request)) {
    if (!parseUrl(uri) || uri.includes('#')) problems.push('resource: must be an absolute URI without a fragment')
  }
  for (const name in additionalParameters) {
    if (Object.hasOwn(ownParameters({}), name))
      problems.push(`additionalParameters.${name}: remove it, or use the option for it`)
  }
  return problems
}

/** @throws `config_invalid` for what the platform refuses with a `TypeError`: a `BigInt`, a cycle */
export function toJson(name: string, value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw configInvalid([`${name}: must be a JSON value`])
  }
}

export const configInvalid = (problems: readonly string[]): ProofkeyError =>
  new ProofkeyError('config_invalid', `Invalid configuration: ${problems.join('; ')}.`, 'Correct these options.')
