import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { createTicket } from '../../crypto/ticket.js'
import { ProofkeyError } from '../../errors.js'
import { clientKeyOf } from '../client-key.js'
import { endpoint, type InsecureSwitch, parseUrl } from '../discovery/endpoint.js'
import type { CheckedMetadata } from '../discovery/metadata.js'
import { type IdTokenOptions, idTokenPolicy } from '../jose/id-token.js'
import { scopes } from '../scope.js'
import type { Dpop } from '../token/dpop.js'
import { pin, type Transaction } from './transaction.js'

/** OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post Response Mode. */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** What a sign-in can ask for; each is sent under the standard's name. */
export interface AuthorizationParameters extends IdTokenOptions {
  /** Space-separated. With `openid` an ID token is required and bound by a nonce. */
  readonly scope?: string | undefined
  /** The part of `scope` without which the sign-in fails (`scope_missing`). Default: none; a difference is reported only. */
  readonly requiredScope?: string | undefined
  /**
   * The resource servers that tokens are wanted for, by absolute URIs without a fragment (RFC 8707 §2). The sign-in's own
   * access token is for the first of them (§2.2); a refresh gets one for another.
   */
  readonly resource?: string | readonly string[] | undefined
  /** More of them, where the sign-in's own access token is for none of these. */
  readonly additionalResources?: readonly string[] | undefined
  readonly prompt?: 'none' | 'login' | 'consent' | 'select_account' | 'create' | (string & {}) | undefined
  readonly loginHint?: string | undefined
  /** Space-separated BCP 47 tags. */
  readonly uiLocales?: string | undefined
  /** OpenID Connect Core §5.5; sent as JSON. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** RFC 9396; sent as JSON. */
  readonly authorizationDetails?: readonly { readonly type: string; readonly [field: string]: unknown }[] | undefined
  /** Whatever else the server understands. Refused where it names a parameter that proofkey sets. */
  readonly additionalParameters?: Readonly<Record<string, string>> | undefined
}

/** {@link AuthorizationParameters} and what identifies the client. */
export interface AuthorizationRequest extends AuthorizationParameters {
  readonly clientId: string
  /** Sent byte for byte as given, in both requests. */
  readonly redirectUri: string
  /** Where the server puts its answer. Default: its own default, the query. */
  readonly responseMode?: ResponseMode | undefined
  /** How long the person may take. Default 600. */
  readonly lifetimeSeconds?: number | undefined
  /** Binds the code to the key that the tokens will be tied to (RFC 9449 §10). */
  readonly dpop?: Dpop | undefined
  readonly insecure?: InsecureSwitch | undefined
}

/** Every parameter that is set here or must never be, under its wire name. Whatever has no value is not sent. */
const ownParameters = (request: Partial<AuthorizationRequest>) => ({
  response_type: 'code',
  client_id: request.clientId,
  redirect_uri: request.redirectUri,
  scope: request.scope,
  state: undefined as string | undefined,
  nonce: undefined as string | undefined,
  code_challenge: undefined as string | undefined,
  code_challenge_method: 'S256',
  dpop_jkt: undefined as string | undefined,
  response_mode: request.responseMode,
  resource: undefined,
  acr_values: request.acrValues,
  max_age: request.maxAgeSeconds,
  prompt: request.prompt,
  login_hint: request.loginHint,
  ui_locales: request.uiLocales,
  claims: request.claims,
  authorization_details: request.authorizationDetails,
  // Request objects would override everything above (RFC 9101 §5); the rest are secrets, which have no place in a URL.
  request: undefined,
  request_uri: undefined,
  registration: undefined,
  code_verifier: undefined,
  client_secret: undefined,
  client_assertion: undefined,
})

/**
 * Starts a sign-in: a fresh verifier, its S256 challenge (RFC 7636 §4), `state`, and a `nonce` where `openid` is asked for.
 * @returns the URL to send the person to, and the transaction to keep, sealed, until the callback.
 * @throws `config_invalid`, `endpoint_refused`, `insecure_context`; with `dpop` what finding its key can
 */
export async function beginAuthorization(
  server: CheckedMetadata,
  request: AuthorizationRequest,
): Promise<{ url: URL; transaction: Transaction }> {
  const problems = parameterProblems(request)
  if (problems[0]) throw configInvalid(problems)

  const { clientId, redirectUri, scope, requiredScope } = request
  const requestedAtMs = Date.now()
  const expiresAtMs = requestedAtMs + (request.lifetimeSeconds ?? 600) * 1000
  const codeVerifier = randomToken()
  const clientKey = clientKeyOf(server.issuer, clientId)
  const state = createTicket(clientKey, expiresAtMs)
  const nonce = scopes(scope).includes('openid') ? randomToken() : undefined

  const url = new URL(endpoint(server, 'authorization_endpoint', request.insecure))
  const parameters = {
    ...request.additionalParameters,
    ...ownParameters(request),
    state,
    nonce,
    code_challenge: await sha256(codeVerifier),
    dpop_jkt: await request.dpop?.thumbprint(clientKey),
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value != null) url.searchParams.set(name, typeof value === 'object' ? JSON.stringify(value) : `${value}`)
  }
  for (const uri of new Set(resources(request))) url.searchParams.append('resource', uri)

  return {
    url,
    transaction: {
      server: pin(server),
      clientId,
      redirectUri,
      state,
      codeVerifier,
      scope,
      requiredScope,
      resource: [request.resource].flat()[0],
      idToken: idTokenPolicy(request, { nonce, requestedAtMs }),
      expiresAtMs,
    },
  }
}

const resources = ({ resource = [], additionalResources = [] }: AuthorizationParameters) =>
  [resource, additionalResources].flat(2)

/** What is wrong with a sign-in's parameters: field and repair. */
export function parameterProblems({ additionalParameters, ...request }: AuthorizationParameters): string[] {
  const problems = []
  for (const uri of resources(request)) {
    if (!parseUrl(uri) || uri.includes('#')) problems.push('resource: an absolute URI without a fragment')
  }
  for (const name in additionalParameters) {
    if (Object.hasOwn(ownParameters({}), name)) problems.push(`additionalParameters.${name}: use the option for it`)
  }
  return problems
}

export const configInvalid = (problems: readonly string[]): ProofkeyError =>
  new ProofkeyError('config_invalid', `Wrong configuration: ${problems.join('; ')}.`, 'Correct these options.')
