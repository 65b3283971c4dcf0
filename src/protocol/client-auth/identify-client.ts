import { isProofkeyError, ProofkeyError, redact, revealServerError } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import type { RequestOptions } from '../request.js'
import { type ClientAuth, none } from './client-auth.js'
import { clientIdUrlProblems } from './metadata-document.js'
import { type DynamicRegistration, registeredClient } from './registered-client.js'
import type { ClientRegistrations } from './registrations.js'

/** A client that was registered by hand. */
export interface PreregisteredClient {
  readonly clientId: string
  /** Default `none()`. */
  readonly clientAuth?: ClientAuth | undefined
}

/** Options of {@link identifyClient}: the ways in which this app can be known, each of them optional. */
export interface ClientIdentityOptions extends RequestOptions {
  /** The redirect URI of the sign-in. */
  readonly redirectUri: string
  /** Clients that were registered by hand, by issuer. They are never used at another one. */
  readonly preregistered?: Readonly<Record<string, PreregisteredClient>> | undefined
  /** The URL of this app's {@link clientMetadataDocument}, for servers that support it. */
  readonly clientMetadataUrl?: string | undefined
  /** For a metadata document or registration with keys: `privateKeyJwt(…)`. Default: none, or a secret of the registration. */
  readonly clientAuth?: ClientAuth | undefined
  /** Registers dynamically (RFC 7591) where nothing else is possible. Needs `registrations`. */
  readonly register?: DynamicRegistration | undefined
  readonly registrations?: ClientRegistrations | undefined
}

/** How this app is known at one authorization server: `clientId` and `clientAuth` are options of the clients. */
export interface ClientIdentity extends Required<PreregisteredClient> {
  readonly clientAuth: ClientAuth
  readonly origin: 'preregistered' | 'metadata_document' | 'registered'
  /**
   * Call it with the error of a sign-in or refresh of this client. Only if the authorization server says that it does not know
   * the client (`invalid_client`, at the authorization endpoint also `unauthorized_client`), the stored registration is
   * deleted, unless it is of another client by now: the next {@link identifyClient} registers again.
   * @returns whether it was deleted
   */
  forgetIfRefused(error: unknown): Promise<boolean>
}

/**
 * Finds or gets a client at an authorization server, in the order of MCP (Client Registration, 2026-07-28): registered by
 * hand; the URL of a client ID metadata document, if the server supports it; registered dynamically, now or earlier; otherwise
 * the user has to act. One registration is kept for each issuer, and made anew if it lacks the redirect URI or a grant
 * type, its secret has expired, or `clientAuth` is another method.
 * @throws `config_invalid`; `client_unregistered`, if there is no way left; `registration_refused`, `client_auth_unsupported`,
 * `endpoint_refused`, `network_error`, `timeout`, `aborted`, `response_refused`; the errors of `registrations`
 * @example
 * ```ts
 * import { discover, identifyClient } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * const { clientId, clientAuth } = await identifyClient(server, {
 *   redirectUri: 'https://app.example.com/callback',
 *   clientMetadataUrl: 'https://app.example.com/oauth/client.json',
 * })
 * ```
 */
export async function identifyClient(server: ServerMetadata, options: ClientIdentityOptions): Promise<ClientIdentity> {
  const { preregistered = {}, clientMetadataUrl, clientAuth, register, registrations } = options
  const { issuer } = server
  if (register && !registrations) throw configInvalid(['registrations: is required with register'])
  const problems = clientMetadataUrl === undefined ? [] : clientIdUrlProblems(clientMetadataUrl)
  if (problems[0]) throw configInvalid(problems.map((problem) => problem.replace('client_id', 'clientMetadataUrl')))

  const own = Object.hasOwn(preregistered, issuer) && preregistered[issuer]
  const keep = async () => false
  if (own) return { clientAuth: none(), ...own, origin: 'preregistered', forgetIfRefused: keep } as ClientIdentity
  if (clientMetadataUrl !== undefined && server['client_id_metadata_document_supported'] === true)
    return {
      clientId: clientMetadataUrl,
      clientAuth: clientAuth ?? none(),
      origin: 'metadata_document',
      forgetIfRefused: keep,
    }
  if (!register || !registrations || !server.registration_endpoint) throw unregistered(server, options)
  const client = await registeredClient(server, register, registrations, options)
  return {
    ...client,
    origin: 'registered',
    forgetIfRefused: async (error) => isUnknownClient(error) && registrations.delete(issuer, client.clientId),
  }
}

/** A network failure, a proxy or a wrong code say nothing about the client. */
function isUnknownClient(error: unknown): boolean {
  if (!isProofkeyError(error)) return false
  const told = (revealServerError(error) ?? error.serverError)?.error
  return error.code === 'token_request_refused'
    ? told === 'invalid_client'
    : error.code === 'authorization_failed' && /^(invalid|unauthorized)_client$/.test(`${told}`)
}

function unregistered(
  server: ServerMetadata,
  { preregistered = {}, clientMetadataUrl, register }: ClientIdentityOptions,
) {
  const others = Object.keys(preregistered).join(', ')
  const reasons = [
    `preregistered has ${others ? `only ${redact(others)}` : 'no client'}`,
    clientMetadataUrl ? 'the server supports no client ID metadata documents' : 'there is no clientMetadataUrl',
    register ? 'the server has no registration_endpoint' : 'there is no register option',
  ]
  return new ProofkeyError(
    'client_unregistered',
    `This app has no client at ${redact(server.issuer)}: ${reasons.join(', ')}.`,
    'Register one at that server, and pass its client id as preregistered; an app can ask its user for it.',
  )
}
