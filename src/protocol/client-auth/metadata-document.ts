import { utf8 } from '../../crypto/web-crypto.js'
import { MAX_CLIENT_METADATA_BYTES } from '../../limits.js'
import { configInvalid, toJson } from '../authorize/begin.js'
import { parseUrl } from '../discovery/endpoint.js'
import type { PublicJwk } from '../jose/jws.js'
import { isRedirectUri } from '../redirect-uri.js'

/** Options of {@link clientMetadataDocument}. */
export interface ClientMetadataOptions {
  /** The https URL where the document will be served; it is the client id. */
  readonly clientId: string
  /** `client_name`, shown on the consent page. */
  readonly clientName: string
  /** https, http on a loopback host, or a private-use scheme such as `com.example.app:/callback`. */
  readonly redirectUris: readonly string[]
  /** Space-separated: the scope that the client may request. Default: that of the server. */
  readonly scope?: string | undefined
  /** For `private_key_jwt`: the public keys, or with `jwksUri` where they are. Default: a public client, `none`. */
  readonly jwks?: { readonly keys: readonly PublicJwk[] } | undefined
  readonly jwksUri?: string | undefined
  /** Other client metadata, under its standard names (RFC 7591 §2): `{ logo_uri: '…' }`. */
  readonly additionalMetadata?: Readonly<Record<string, unknown>> | undefined
}

/** A client ID metadata document, under the standard names (draft-ietf-oauth-client-id-metadata-document §4). */
export interface ClientMetadataDocument {
  readonly client_id: string
  readonly client_name: string
  readonly redirect_uris: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly [name: string]: unknown
}

/**
 * Makes the document that lets a client be known by its URL (draft-ietf-oauth-client-id-metadata-document): serve it there as
 * `application/json` with status 200 and without a redirect, see {@link clientMetadataResponse}.
 * @throws `config_invalid`, with all of {@link clientMetadataProblems}
 * @example
 * ```ts
 * import { clientMetadataDocument, clientMetadataResponse } from 'proofkey/protocol'
 *
 * const document = clientMetadataDocument({
 *   clientId: 'https://app.example.com/oauth/client.json',
 *   clientName: 'My agent',
 *   redirectUris: ['https://app.example.com/callback'],
 * })
 * export const GET = () => clientMetadataResponse(document)
 * ```
 */
export function clientMetadataDocument(options: ClientMetadataOptions): ClientMetadataDocument {
  const { clientId, clientName, redirectUris, scope, jwks, jwksUri, additionalMetadata } = options
  const document = {
    ...additionalMetadata,
    client_id: clientId,
    client_name: clientName,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: jwks || jwksUri ? 'private_key_jwt' : 'none',
    application_type: applicationTypeOf(redirectUris),
    scope,
    jwks,
    jwks_uri: jwksUri,
  }
  const problems = clientMetadataProblems(document, clientId)
  if (problems[0]) throw configInvalid(problems)
  return JSON.parse(JSON.stringify(document))
}

/**
 * The document as a response; servers may keep it for an hour.
 * @example
 * ```ts
 * import { clientMetadataDocument, clientMetadataResponse } from 'proofkey/protocol'
 *
 * const document = clientMetadataDocument({
 *   clientId: 'https://app.example.com/oauth/client.json',
 *   clientName: 'My agent',
 *   redirectUris: ['https://app.example.com/callback'],
 * })
 * export const GET = () => clientMetadataResponse(document)
 * ```
 */
export const clientMetadataResponse = (document: ClientMetadataDocument): Response =>
  new Response(JSON.stringify(document), {
    headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
  })

/** OpenID Connect Dynamic Client Registration 1.0 §2: a web client has only https URIs, none of a loopback host. */
export const applicationTypeOf = (redirectUris: readonly string[]): 'web' | 'native' =>
  [redirectUris].flat().every((uri) => /^https:/i.test(`${uri}`)) ? 'web' : 'native'

/** What makes a URL unusable as a client id (draft §3), as sentences. It must be as `URL` writes it: servers compare texts. */
export function clientIdUrlProblems(clientId: unknown): string[] {
  const url = parseUrl(clientId)
  if (url?.protocol !== 'https:') return ['client_id: must be an https URL']
  const checks = {
    'must not have a user or password': !url.username && !url.password,
    'must not have a fragment': !url.href.includes('#'),
    'must have a path': url.pathname !== '/',
    // Of a path with `.` or `..`, also encoded ones, the parser has removed them.
    'must be written as a browser does: no dot segments, lower case host, no default port': url.href === clientId,
  }
  return Object.entries(checks).flatMap(([problem, isMet]) => (isMet ? [] : [`client_id: ${problem}`]))
}

/**
 * What is wrong with a client ID metadata document, as sentences (draft §4, §4.1, §6.2, §6.6).
 * @param url where it is served
 * @example
 * ```ts
 * import { clientMetadataProblems } from 'proofkey/protocol'
 *
 * const url = 'https://app.example.com/oauth/client.json'
 * const problems = clientMetadataProblems(await (await fetch(url)).json(), url) // [] if it can be used
 * ```
 */
export function clientMetadataProblems(document: unknown, url: string): string[] {
  const given = Object(document) as Readonly<Record<string, unknown>>
  const problems = clientIdUrlProblems(url)
  const check = (name: string, isMet: unknown, requirement: string) => {
    if (!isMet) problems.push(`${name}: ${requirement}`)
  }
  const { jwks, jwks_uri, redirect_uris: redirectUris, token_endpoint_auth_method: method } = given
  check('client_id', given['client_id'] === url, 'must be the URL of the document')
  check('client_name', isText(given['client_name']), 'must be a text')
  check(
    'redirect_uris',
    Array.isArray(redirectUris) && redirectUris[0] && redirectUris.every((uri) => isRedirectUri(parseUrl(uri))),
    'must be a list of URIs without a fragment: https, http on loopback, or a scheme like com.example.app',
  )
  for (const name of ['client_secret', 'client_secret_expires_at'])
    check(name, !(name in given), 'must not be in a public document')
  check(
    'token_endpoint_auth_method',
    method === 'none' || method === 'private_key_jwt',
    'must be none or private_key_jwt: the document is public, so there is no shared secret',
  )
  if (method === 'private_key_jwt')
    check('jwks', (jwks === undefined) !== (jwks_uri === undefined), 'private_key_jwt needs either jwks or jwks_uri')
  if (jwks !== undefined) check('jwks', isPublicKeySet(jwks), 'must be a list of public keys, without private members')
  for (const name of Object.keys(given).filter((name) => name.endsWith('_uri')))
    check(name, given[name] === undefined || parseUrl(given[name])?.protocol === 'https:', 'must be an https URL')
  for (const [name, value] of [
    ['grant_types', 'authorization_code'],
    ['response_types', 'code'],
  ] as const)
    check(name, [given[name] ?? value].flat().includes(value), `must have ${value}`)
  const bytes = utf8(`${toJson('additionalMetadata', document)}`).length
  check('document', bytes <= MAX_CLIENT_METADATA_BYTES, `has ${bytes} bytes, at most ${MAX_CLIENT_METADATA_BYTES}`)
  return problems
}

const isText = (value: unknown) => typeof value === 'string' && value.trim()

/** The private members of RSA and EC keys, and the secret itself (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function isPublicKeySet(jwks: unknown): boolean {
  const { keys } = Object(jwks)
  const isPublic = (key: unknown) => Object(key).kty && !PRIVATE_MEMBERS.some((name) => name in Object(key))
  return Array.isArray(keys) && !!keys[0] && keys.every(isPublic)
}
