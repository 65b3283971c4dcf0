import { oauthRefusal } from '../../errors.js'
import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused, send } from '../request.js'

/** What a client says of itself, in the wire's own names (RFC 7591 §2). */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly [name: string]: unknown
}

/** Of {@link registerClient}. */
export interface RegistrationOptions extends RequestOptions {
  /** Where the server registers nobody without one (RFC 7591 §3). */
  readonly initialAccessToken?: string | undefined
}

/**
 * Registers a client (RFC 7591 §3.1).
 * @returns what the server made of it (§3.2.1): it may replace values, but not those a sign-in hangs on
 * @throws `endpoint_refused`, where the server registers nobody; `registration_refused`; `network_error`, `timeout`,
 * `aborted`, `response_refused`
 */
export async function registerClient(
  server: ServerMetadata,
  metadata: ClientMetadata,
  { initialAccessToken, ...options }: RegistrationOptions = {},
): Promise<ClientMetadata & { readonly client_id: string }> {
  const url = endpoint(server, 'registration_endpoint', options.insecure)
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' })
  if (initialAccessToken) headers.set('authorization', `Bearer ${initialAccessToken}`)
  const response = await send(url, { method: 'POST', headers, body: JSON.stringify(metadata) }, options)
  const made = Object(await response.json().catch(() => undefined))
  if (response.status >= 400) {
    const body = { ...made, error: `${made.error ?? response.status}` }
    const secrets = [initialAccessToken]
    throw oauthRefusal('registration_refused', 'The server does not register this client', body, secrets)
  }
  if (typeof made.client_id !== 'string' || !made.client_id) throw responseRefused(url, 'gave no client_id')
  for (const name of [
    'token_endpoint_auth_method',
    'token_endpoint_auth_signing_alg',
    'redirect_uris',
    'response_types',
  ]) {
    // Left out, it is what was asked for; the order says nothing.
    const [asked, got] = [metadata[name], made[name] ?? metadata[name]].map((value) => [value].flat().sort().join(' '))
    if (asked !== got) throw responseRefused(url, `registered another ${name}`)
  }
  return made
}
