import { oauthRefusal } from '../../errors.js'
import { toJson } from '../authorize/begin.js'
import { endpoint } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused, send } from '../request.js'

/** Client metadata, under its standard names (RFC 7591 §2). */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly [name: string]: unknown
}

/** Options of {@link registerClient}. */
export interface RegistrationOptions extends RequestOptions {
  /** For servers that protect the registration endpoint (RFC 7591 §3). */
  readonly initialAccessToken?: string | undefined
}

/**
 * Registers a client (RFC 7591 §3.1).
 * @returns the metadata that the server registered (§3.2.1). The server may replace values, except fields that sign-in
 * depends on.
 * @throws `endpoint_refused` if the server has no registration endpoint; `config_invalid`; `registration_refused`; `network_error`, `timeout`,
 * `aborted`, `response_refused` (also for a replaced field that sign-in depends on)
 * @example
 * ```ts
 * import { discover, registerClient } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const { client_id } = await registerClient(server, {
 *   client_name: 'My app',
 *   redirect_uris: ['https://app.example.com/callback'],
 *   token_endpoint_auth_method: 'none',
 * })
 * ```
 */
export async function registerClient(
  server: ServerMetadata,
  metadata: ClientMetadata,
  { initialAccessToken, ...options }: RegistrationOptions = {},
): Promise<ClientMetadata & { readonly client_id: string }> {
  const url = endpoint(server, 'registration_endpoint', options.insecure)
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' })
  if (initialAccessToken) headers.set('authorization', `Bearer ${initialAccessToken}`)
  const body = toJson('additionalMetadata', metadata)
  const response = await send(url, { method: 'POST', headers, body }, options)
  const registered = Object(await response.json().catch(() => undefined))
  if (response.status >= 400) {
    const body = { ...registered, error: `${registered.error ?? response.status}` }
    const secrets = [initialAccessToken, metadata['software_statement'] as string | undefined]
    throw oauthRefusal('registration_refused', body, secrets)
  }
  if (typeof registered.client_id !== 'string' || !registered.client_id)
    throw responseRefused(url, 'returned no client_id')
  for (const name of [
    'token_endpoint_auth_method',
    'token_endpoint_auth_signing_alg',
    'redirect_uris',
    'response_types',
  ]) {
    // An omitted field means that the requested value was registered. The order of a list has no meaning.
    const [requested, got] = [metadata[name], registered[name] ?? metadata[name]].map((value) =>
      [value].flat().sort().join(' '),
    )
    if (requested !== got) throw responseRefused(url, `registered another ${name} than requested`)
  }
  // Some servers leave out refresh_token: then there is none, which the sign-in tells.
  if (![registered.grant_types ?? 'authorization_code'].flat().includes('authorization_code'))
    throw responseRefused(url, 'registered grant_types without authorization_code')
  return registered
}
