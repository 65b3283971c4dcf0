import { errorWith, isProofkeyError, type ProofkeyError, type Secrets } from '../../errors.js'
import { configInvalid, parameterProblems } from '../authorize/begin.js'
import { pin } from '../authorize/transaction.js'
import { checkClientAuth, none } from '../client-auth/client-auth.js'
import { checkGrantType } from '../discovery/capabilities.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { checkScope } from './check-grant.js'
import type { Tokens } from './complete.js'
import { post, type TokenRequestOptions } from './token-request.js'
import { readTokenResponse, type TokenResponse, tokenResponseInvalid } from './token-response.js'

/** What a token of a service is for. */
export interface TokenTarget {
  /** Space-separated. Default: what the server grants without it (RFC 6749 §3.3). */
  readonly scope?: string | undefined
  /** Space-separated. The request fails with `scope_missing` if one of these is not granted. Default: none. */
  readonly requiredScope?: string | undefined
  /** The resource servers: absolute URIs without a fragment (RFC 8707 §2, RFC 8693 §2.1). */
  readonly resource?: string | readonly string[] | undefined
  /** The logical names of the resource servers (RFC 8693 §2.1), or the parameter of servers that have it in place of `resource`. */
  readonly audience?: string | readonly string[] | undefined
}

/** What is read from the response to every grant of a service. */
export type GrantedToken = Pick<Tokens, 'expiresAtMs' | 'scope' | 'other'>

/** The token response, and the secrets of request and response. */
interface GrantResponse {
  readonly answer: TokenResponse
  readonly secrets: Secrets
  readonly granted: GrantedToken
}

/**
 * Requests a token with a grant that needs no user here, and reads the response. An ID token in it is not read: nobody has
 * signed in.
 * @param parameters of this grant
 */
export async function requestGrant<T>(
  server: ServerMetadata,
  clientId: string,
  parameters: Readonly<Record<'grant_type', string> & Record<string, string | undefined>>,
  options: TokenRequestOptions & TokenTarget,
  read: (response: GrantResponse) => T,
): Promise<T> {
  const { scope, provider, clientAuth = none() } = options
  const [resources, audiences] = [options.resource ?? [], options.audience ?? []].map((one) => [one].flat())
  const problems = parameterProblems({ scope, resource: resources, provider, ...{ clientAuth } })
  for (const name of ['scope', 'requiredScope'] as const)
    if (!/^(string|undefined)$/.test(typeof options[name])) problems.push(`${name}: must be a string`)
  if (!audiences?.every((name) => typeof name === 'string' && name))
    problems.push('audience: must be strings, not empty')
  if (problems[0]) throw configInvalid(problems)
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...parameters, scope })) if (value) body.set(name, value)
  for (const [name, values] of Object.entries({ resource: resources, audience: audiences }))
    for (const value of new Set(values)) body.append(name, value)
  try {
    checkClientAuth(server, clientAuth)
    checkGrantType(server, parameters.grant_type, options)
    const { response, secrets: sent } = await post(pin(server), { client_id: clientId }, body, options)
    const answer = await readTokenResponse(response, sent, provider, scope)
    // A provider may allow an ID token alone: only a sign-in can use that.
    if (!answer.accessToken) throw tokenResponseInvalid('its access_token is missing')
    const secrets = [...sent, answer.accessToken, answer.refreshToken, answer.idToken]
    const { expiresAtMs, other } = answer
    return read({ answer, secrets, granted: { expiresAtMs, other, scope: checkScope(answer, options, secrets) } })
  } catch (error) {
    throw isProofkeyError(error) ? errorWith(error, {}, hintFor(error)) : error
  }
}

/** The repair, where it is not to sign in again. */
function hintFor({ code, serverError, hint }: ProofkeyError): string {
  if (code === 'scope_missing') return 'Allow this scope for the client on the server.'
  if (code === 'not_supported')
    return 'Enable it on the server; if its metadata is wrong, pass the corrected document as the metadata option.'
  if (code !== 'token_request_refused' || serverError?.error === 'invalid_client') return hint
  return HINTS.get(serverError?.error) ?? 'See the log of the server.'
}

/** By `error` (RFC 6749 §5.2, RFC 8693 §2.2.2). */
const HINTS = new Map<string | undefined, string>([
  ['invalid_scope', 'Request a scope that the server allows this client.'],
  ['invalid_target', 'Check resource and audience, and that the server allows them for this client.'],
  ['unauthorized_client', 'Allow this grant type for the client on the server.'],
  ['unsupported_grant_type', 'Enable this grant type on the server.'],
  ['invalid_grant', 'Check that the token sent is valid, and that the server accepts it from this client.'],
  ['invalid_request', 'Check the parameters, and that a token sent is valid and acceptable to the server.'],
])
