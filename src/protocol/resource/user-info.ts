import type { UserInfoResponse } from 'oauth4webapi'
import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused, send } from '../request.js'

export type UserInfo = UserInfoResponse

/**
 * What the server tells of the person (OpenID Connect Core §5.3).
 * @param subject the ID token's `sub`; an answer about anybody else is refused (§5.3.2)
 * @param options its `fetch` adds the access token
 * @throws `endpoint_refused`, where the server has no such endpoint; `network_error`, `timeout`, `aborted`;
 * `response_refused`, also where the answer is a JWT
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
    throw responseRefused(url, jwt ? 'gave a JWT: register without one' : `gave no JSON (status ${response.status})`)
  if (info.sub !== subject) throw responseRefused(url, 'speaks of somebody else')
  return info
}
