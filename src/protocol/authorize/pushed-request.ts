import { oauthErrorOf, oauthRefusal } from '../../errors.js'
import { endpointUrl } from '../discovery/endpoint.js'
import type { CheckedMetadata } from '../discovery/metadata.js'
import { responseRefused } from '../request.js'
import { post, type TokenRequestOptions } from '../token/token-request.js'

/** Sends an authorization request to the server. @returns the URL that stands for it, to send the user to */
export type PushRequest = (server: CheckedMetadata, request: URL, options: TokenRequestOptions) => Promise<URL>

const ENDPOINT = 'pushed_authorization_request_endpoint'

/**
 * Pushed authorization requests (RFC 9126): pass it as `par`. Every authorization request is then posted to the server, with
 * the client's authentication and, with `dpop`, a proof of its key; the URL that the user is sent to contains only the
 * `client_id` and a `request_uri`, which is used once. So `state` is in no URL before the callback. There is no fall-back: if
 * the request cannot be pushed, the sign-in fails before the user leaves.
 *
 * `signIn` then also throws `endpoint_refused`, if the server has no such endpoint; `authorization_failed`, if it rejects the
 * request; `response_refused`.
 * @example
 * ```ts
 * import { createClient, pushed } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   par: pushed(),
 * })
 * ```
 */
export const pushed = (): PushRequest => async (server, request, options) => {
  const parameters = new URLSearchParams(request.search)
  const clientId = `${parameters.get('client_id')}`
  const isPublic = ([name]: [string, string]) => !['state', 'nonce', 'login_hint', 'id_token_hint'].includes(name)
  const known = new Set([...parameters].filter(isPublic).map(([, value]) => value))
  const { response, secrets } = await post(server, { client_id: clientId }, parameters, options, ENDPOINT)
  const answer: unknown = await response.json().catch(() => undefined)
  const refusal = oauthErrorOf(answer)
  if (refusal) {
    const withheld = secrets.filter((secret) => !known.has(`${secret}`))
    throw oauthRefusal('authorization_failed', refusal, withheld)
  }
  const { request_uri, expires_in } = Object(answer)
  if (typeof request_uri !== 'string' || !request_uri || !(expires_in > 0))
    throw responseRefused(`${server[ENDPOINT]}`, `returned no request_uri (status ${response.status})`)
  return endpointUrl(server, 'authorization_endpoint', { client_id: clientId, request_uri }, options.insecure)
}
