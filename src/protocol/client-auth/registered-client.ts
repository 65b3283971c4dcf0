import { parseUrl } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type RequestOptions, responseRefused } from '../request.js'
import { type ClientAuth, checkListed, none } from './client-auth.js'
import { clientSecretBasic, clientSecretPost } from './client-secret.js'
import { applicationTypeOf } from './metadata-document.js'
import { registerClient } from './register.js'
import type { ClientRegistration, ClientRegistrations } from './registrations.js'

/** What a client is registered with (RFC 7591 §2). */
export interface DynamicRegistration {
  /** `client_name`, shown on the consent page. */
  readonly clientName?: string | undefined
  /** All redirect URIs of the app. Default: that of the sign-in. */
  readonly redirectUris?: readonly string[] | undefined
  /** Space-separated: the scope that the client may request. Default: that of the server. */
  readonly scope?: string | undefined
  /** Default: `web` if all redirect URIs are https, otherwise `native`. */
  readonly applicationType?: 'web' | 'native' | undefined
  /** Other client metadata, under its standard names: `{ jwks: { keys: […] } }` for `privateKeyJwt`. */
  readonly additionalMetadata?: Readonly<Record<string, unknown>> | undefined
  /** For servers that protect the registration endpoint (RFC 7591 §3). */
  readonly initialAccessToken?: string | undefined
}

interface ClientOptions extends RequestOptions {
  readonly redirectUri: string
  readonly clientAuth?: ClientAuth | undefined
}

/** How a client with such a registration authenticates. */
const METHODS: Record<string, (secret: string) => ClientAuth> = {
  none,
  client_secret_basic: clientSecretBasic,
  client_secret_post: clientSecretPost,
}

/** The stored client, or a new one. Of several that register at once, all use the one that was stored first. */
export async function registeredClient(
  server: ServerMetadata,
  register: DynamicRegistration,
  registrations: ClientRegistrations,
  options: ClientOptions,
): Promise<{ readonly clientId: string; readonly clientAuth: ClientAuth }> {
  const { issuer } = server
  const isUsable = (found: ClientRegistration) =>
    found.issuer === issuer && isStillGood(found, options) && hasGrantTypes(found.grantTypes, grantTypesOf(register))

  async function findOrRegister() {
    const found = await registrations.get(issuer)
    if (found && isUsable(found)) return found
    const made = await registerNow(server, register, options)
    if (found) await registrations.delete(issuer, `${found.clientId}`)
    const kept = await registrations.add(issuer, made)
    return isUsable(kept) ? kept : made
  }

  const { exclusive = (_: string, work: typeof findOrRegister) => work() } = registrations
  const { clientId, method, clientSecret = '' } = await exclusive(issuer, findOrRegister)
  return { clientId, clientAuth: options.clientAuth ?? METHODS[method]!(clientSecret) }
}

/** What a store returns may be of an earlier version, or damaged. */
function isStillGood(found: ClientRegistration, { redirectUri, clientAuth }: ClientOptions): boolean {
  const { clientId, method, redirectUris, clientSecret, secretExpiresAtSeconds = 0 } = found
  const isText = (value: unknown) => typeof value === 'string' && value
  const isKnown = clientAuth ? method === clientAuth.method : Object.hasOwn(METHODS, method)
  const hasSecret = clientAuth || method === 'none' || isText(clientSecret)
  const lives = secretExpiresAtSeconds === 0 || secretExpiresAtSeconds > Date.now() / 1000
  return !!(isText(clientId) && isKnown && hasSecret && lives && hasRedirectUri(redirectUris, redirectUri))
}

const GRANT_TYPES: readonly string[] = ['authorization_code', 'refresh_token']

const grantTypesOf = ({ additionalMetadata }: DynamicRegistration): unknown =>
  additionalMetadata?.['grant_types'] ?? GRANT_TYPES

/** A client may use only the grant types that it is registered for: one of a browser's sign-in has no device grant. */
const hasGrantTypes = (registered: unknown = GRANT_TYPES, needed: unknown) =>
  Array.isArray(registered) && [needed].flat().every((type) => registered.includes(type))

/** Equal, or equal but for the port of a loopback address, which a server must ignore (RFC 8252 §7.3). */
const hasRedirectUri = (registered: unknown, redirectUri: string) =>
  Array.isArray(registered) && registered.map(withoutLoopbackPort).includes(withoutLoopbackPort(redirectUri))

function withoutLoopbackPort(uri: unknown): unknown {
  const url = parseUrl(uri)
  if (url?.protocol !== 'http:' || !/^(127\.0\.0\.1|\[::1])$/.test(url.hostname)) return uri
  url.port = ''
  return url.href
}

async function registerNow(
  server: ServerMetadata,
  register: DynamicRegistration,
  options: ClientOptions,
): Promise<ClientRegistration> {
  const { redirectUri, clientAuth } = options
  const { clientName, scope, additionalMetadata, initialAccessToken } = register
  const redirectUris = [...new Set([...(register.redirectUris ?? []), redirectUri])]
  const grantTypes = grantTypesOf(register)
  const method = clientAuth?.method ?? methodFor(server)
  if (clientAuth) checkListed(server, 'token_endpoint_auth_methods_supported', method)
  const registered = await registerClient(
    server,
    {
      ...additionalMetadata,
      grant_types: grantTypes,
      redirect_uris: redirectUris,
      token_endpoint_auth_method: method,
      response_types: ['code'],
      application_type: register.applicationType ?? applicationTypeOf(redirectUris),
      client_name: clientName,
      scope,
    },
    { ...options, initialAccessToken },
  )
  const clientSecret = secretOf(registered, method, `${server.registration_endpoint}`)
  return {
    issuer: server.issuer,
    clientId: registered.client_id,
    method,
    redirectUris,
    grantTypes: [grantTypes].flat() as string[],
    clientSecret,
    // Some servers send a secret to every client: one that is not used may expire.
    secretExpiresAtSeconds: clientSecret ? Number(registered['client_secret_expires_at'] ?? 0) || undefined : undefined,
  }
}

/** A public client where the server allows one: a secret adds nothing to PKCE that an app on many machines could keep. */
function methodFor(server: ServerMetadata): string {
  const listed = [server.token_endpoint_auth_methods_supported ?? []].flat()
  const supported = Object.keys(METHODS).find((method) => listed.includes(method))
  if (!supported) checkListed(server, 'token_endpoint_auth_methods_supported', 'none')
  return supported ?? 'none'
}

function secretOf({ client_secret: secret }: Readonly<Record<string, unknown>>, method: string, url: string) {
  if (!method.startsWith('client_secret_')) return undefined
  if (typeof secret === 'string' && secret) return secret
  throw responseRefused(url, `registered ${method} without a client_secret`)
}
