import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import type { StandardClaims } from '../jose/standard-claims.js'
import type { Json } from '../json.js'
import { type RequestOptions, responseRefused, send } from '../request.js'

/** The claims of a UserInfo response (OpenID Connect Core §5.3.2). */
export interface UserInfo extends StandardClaims {
  readonly sub: string
  readonly [claim: string]: Json | undefined
}

/**
 * Requests the claims of the UserInfo endpoint (OpenID Connect Core §5.3).
 * @param subject the ID token's `sub`; a response with another one is rejected (§5.3.2)
 * @param options its `fetch` adds the access token
 * @throws `endpoint_refused`, if the server has no such endpoint; `network_error`, `timeout`, `aborted`;
 * `response_refused`, also if the response is a JWT
 */
export async function requestUserInfo(
  server: ServerMetadata,
  subject: string,
  options: RequestOptions,
): Promise<UserInfo> {
  const url = endpoint(server, 'userinfo_endpoint', options.insecure)
  const response = await send(url, { headers: { accept: 'application/json' } }, options)
  const jwt = response.headers.get('content-type')?.startsWith('application/jwt')
  const info = response.ok && (await response.json().catch(() => undefined))
  if (!info)
    throw jwt
      ? responseRefused(url, 'returned a JWT', 'Register the client without userinfo_signed_response_alg.')
      : responseRefused(url, `returned no JSON (status ${response.status})`)
  if (info.sub !== subject) throw responseRefused(url, 'returned another sub than the ID token', 'Sign in again.')
  return info
}
