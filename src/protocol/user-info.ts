import type { UserInfoResponse } from 'oauth4webapi'
import { endpoint } from './endpoint.js'
import type { ServerMetadata } from './metadata.js'
import { type RequestOptions, refused, send } from './request.js'

export type UserInfo = UserInfoResponse

/**
 * What the server tells of the person (OpenID Connect Core §5.3).
 * @param subject the ID token's `sub`; an answer about anybody else is refused (§5.3.2)
 * @param headers the access token's
 * @throws `endpoint_refused`, where the server has no such endpoint; `network_error`, `timeout`, `aborted`,
 * `response_refused`
 */
export async function requestUserInfo(
  server: ServerMetadata,
  subject: string,
  headers: Headers,
  options: RequestOptions,
): Promise<UserInfo> {
  const url = endpoint(server, 'userinfo_endpoint', options.insecure)
  headers.set('accept', 'application/json')
  const response = await send(url, { headers }, options)
  const info = response.ok && (await response.json().catch(() => undefined))
  if (!info) throw refused(url, `gave no JSON (status ${response.status})`)
  if (info.sub !== subject) throw refused(url, 'speaks of somebody else')
  return info
}
