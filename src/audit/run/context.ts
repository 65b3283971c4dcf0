import { setTimeout as wait } from 'node:timers/promises'
import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import type { PinnedServer } from '../../protocol/authorize/transaction.js'
import { none } from '../../protocol/client-auth/client-auth.js'
import type { Arrival, AuditBrowser, Visit } from '../browser/browser.js'
import { Inconclusive } from '../check.js'
import type { AuditClient } from '../client.js'
import type { Http, HttpRequest, HttpResponse } from './http.js'
import type { IssuedTokens } from './issued-tokens.js'
import { codeOf, describe, describeResponse, hasTokens, recorded } from './outcomes.js'
import type { Redaction } from './redact.js'
import type { AuthorizationRequest, Changes, IssuedCode, Metadata, TokenRequestChanges } from './requests.js'

export const NEEDS_OTHER_CLIENT = 'It needs a second client of this server; see --other-client-id.'

export interface ContextParts {
  readonly issuer: string
  /** Undefined if it could not be read. */
  readonly metadata: Metadata | undefined
  readonly http: Http
  readonly redaction: Redaction
  readonly issued: IssuedTokens
  readonly clients: readonly AuditClient[]
  readonly client: AuditClient | undefined
  readonly browser: AuditBrowser | undefined
  readonly signal: AbortSignal
  /** Default: a timer. */
  readonly sleep?: ((seconds: number, signal: AbortSignal) => Promise<void>) | undefined
}

/**
 * What a check works with: honest requests, and how to change them. Codes and tokens that it obtains are revoked at the end
 * of the audit.
 */
export function createContext(parts: ContextParts) {
  const { issuer, http, redaction, issued, browser, signal } = parts

  /** @throws Inconclusive if it could not be read */
  function metadata(): Metadata {
    if (parts.metadata) return parts.metadata
    throw new Inconclusive(`The metadata of ${issuer} could not be read.`)
  }

  /** @throws Inconclusive if the metadata does not have it */
  function endpoint(name: string): string {
    const value = metadata()[name]
    if (typeof value === 'string' && URL.canParse(value)) return value
    throw new Inconclusive(`The metadata has no ${name}.`)
  }

  function client(): AuditClient {
    if (!parts.client) throw new Error('This check states no client among its needs')
    return parts.client
  }

  function otherClient(): AuditClient {
    const other = parts.clients.find(({ clientId }) => clientId !== parts.client?.clientId)
    if (!other) throw new Inconclusive(NEEDS_OTHER_CLIENT)
    return other
  }

  /** An authorization request with PKCE (S256), `state` and `nonce`, then changed. */
  async function authorizationRequest(changes: Changes = {}, by = client()): Promise<AuthorizationRequest> {
    const [verifier, state, nonce] = [randomToken(), randomToken(), randomToken()]
    redaction.add(verifier, 'code_verifier')
    const redirectUri = by.redirectUri ?? browser?.redirectUri ?? 'http://127.0.0.1/callback'
    const scope = by.scope ?? 'openid'
    const url = new URL(endpoint('authorization_endpoint'))
    set(url.searchParams, {
      response_type: 'code',
      client_id: by.clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce: scope.split(' ').includes('openid') ? nonce : undefined,
      code_challenge: await sha256(verifier),
      code_challenge_method: 'S256',
      ...changes,
    })
    url.search = url.search.replaceAll('+', '%20')
    return { url, verifier, state, nonce, redirectUri: url.searchParams.get('redirect_uri') ?? redirectUri, client: by }
  }

  /**
   * Sends the person's browser there, with a pushed request where the server demands that. `expectsRefusal`: a good server
   * answers with an error page.
   */
  async function authorize(request: AuthorizationRequest, expectsRefusal = false): Promise<Arrival> {
    if (metadata()['require_pushed_authorization_requests'] !== true) return visit(request, expectsRefusal)
    const pushed = await push(request)
    const url = pushedUrl(request, pushed)
    if (url) return visit({ ...request, url }, expectsRefusal)
    return { at: 'page', status: pushed.status, url: endpoint('pushed_authorization_request_endpoint') }
  }

  /** Pushes the parameters of an authorization request (RFC 9126), with changes. */
  async function push(request: AuthorizationRequest, changes: TokenRequestChanges = {}): Promise<HttpResponse> {
    const given = request.url.searchParams
    const parameters = Object.fromEntries([...given.keys()].map((name) => [name, given.getAll(name)]))
    const { url, body, headers, fetch } = await authenticated(
      'pushed_authorization_request_endpoint',
      { ...parameters, ...changes.body },
      changes.client ?? request.client,
      changes,
    )
    const response = await http.send({ url, body, headers, fetch })
    const requestUri = response.json?.['request_uri']
    if (typeof requestUri === 'string') redaction.add(requestUri, 'request_uri')
    return response
  }

  /** The authorization URL for a pushed request, as one client would use it. Undefined if there is no `request_uri`. */
  function pushedUrl(request: AuthorizationRequest, pushed: HttpResponse, by = request.client): URL | undefined {
    const requestUri = pushed.json?.['request_uri']
    if (typeof requestUri !== 'string' || !requestUri) return undefined
    const url = new URL(endpoint('authorization_endpoint'))
    set(url.searchParams, { client_id: by.clientId, request_uri: requestUri })
    return url
  }

  /** Sends the person's browser to exactly this URL. */
  async function visit(
    request: AuthorizationRequest,
    expectsRefusal = false,
    more: Pick<Visit, 'twin' | 'staysThere'> = {},
  ): Promise<Arrival> {
    if (!browser) throw new Inconclusive('It needs a signed-in browser.')
    if (!browser.observes(request.redirectUri))
      throw new Inconclusive(`This browser cannot receive an answer at ${request.redirectUri}.`)
    const arrival = await browser.visit(request.url, {
      redirectUri: request.redirectUri,
      expectsRefusal,
      signal,
      ...more,
    })
    if (arrival.at === 'callback') redaction.add(arrival.parameters.get('code'), 'code')
    http.exchanges.push({
      request: { method: 'GET', url: redaction.url(request.url.href), headers: ['(in the browser)'] },
      ...recorded(arrival, redaction),
    })
    return arrival
  }

  /** A new code of an honest request, or of one with these changes. @throws Inconclusive if there is none */
  async function code(changes: Changes = {}, by = client()): Promise<IssuedCode> {
    const request = await authorizationRequest(changes, by)
    const arrival = await authorize(request)
    const issuedCode = arrival.at === 'callback' ? codeOf(arrival, request) : undefined
    if (issuedCode) return issuedCode
    throw new Inconclusive(`The server gave no code to an honest request: ${describe(arrival)}.`)
  }

  /** A POST to the token endpoint with the client's authentication; tokens in the response are revoked later. */
  async function tokenRequest(parameters: Changes, changes: TokenRequestChanges = {}): Promise<HttpResponse> {
    const by = changes.client ?? client()
    const { url, body, headers, fetch } = await authenticated(
      'token_endpoint',
      { ...parameters, ...changes.body },
      by,
      changes,
    )
    const response = await http.send({ url, body, headers, fetch, unpaced: changes.unpaced })
    issued.add(response.json, by)
    return response
  }

  /** A request to an endpoint with client authentication, not yet sent. */
  async function authenticated(
    name: string,
    parameters: Changes,
    by: AuditClient,
    { clientAuth = by.clientAuth ?? none(), headers: added }: TokenRequestChanges = {},
  ): Promise<HttpRequest & { body: URLSearchParams; headers: Headers }> {
    const body = new URLSearchParams()
    const headers = new Headers(added)
    const server = { ...metadata(), issuer } as unknown as PinnedServer
    const [at, { fetch }] = clientAuth.route?.(server, {}) ?? [server, { fetch: undefined }]
    await clientAuth.authenticate(server as never, { client_id: by.clientId }, body, headers)
    redaction.add(clientAuth.secret?.(headers), 'client_secret')
    set(body, parameters)
    const url = (at as unknown as Metadata)[name]
    return { url: typeof url === 'string' ? url : endpoint(name), body, headers, fetch }
  }

  /** Redeems a code as its client would, or with these changes. */
  const redeem = ({ code, request }: IssuedCode, changes: TokenRequestChanges = {}): Promise<HttpResponse> =>
    tokenRequest(
      { grant_type: 'authorization_code', code, redirect_uri: request.redirectUri, code_verifier: request.verifier },
      { client: request.client, ...changes },
    )

  /** Tokens of an honest sign-in. @throws Inconclusive if there are none */
  async function tokens(changes: Changes = {}, by = client()): Promise<Readonly<Record<string, unknown>>> {
    const response = await redeem(await code(changes, by))
    if (hasTokens(response)) return response.json
    throw new Inconclusive(`The server gave no tokens to an honest request (${describeResponse(response)}).`)
  }

  return {
    issuer,
    get metadata() {
      return metadata()
    },
    clients: parts.clients,
    signal,
    client,
    otherClient,
    endpoint,
    authorizationRequest,
    authorize,
    visit,
    push,
    pushedUrl,
    code,
    redeem,
    tokenRequest,
    authenticated,
    tokens,
    /** Any request. Redirects are not followed. */
    send: http.send,
    /** Tokens that came another way than from the token endpoint are revoked later as well. */
    keep: (tokens: Readonly<Record<string, unknown>>) => issued.add(tokens, client()),
    /** The value is cut from all that is reported. */
    hide: redaction.add,
    /** Refreshes as the client would, or with changes. */
    refresh: (refreshToken: unknown, changes: TokenRequestChanges = {}) =>
      tokenRequest({ grant_type: 'refresh_token', refresh_token: `${refreshToken}` }, changes),
    /** Tokens in this response are revoked later, like those of `tokenRequest`. */
    obtained: (response: HttpResponse, by = client()) => issued.add(response.json, by),
    /** Waits; ends with the audit. */
    sleep: (seconds: number): Promise<void> =>
      parts.sleep ? parts.sleep(seconds, signal) : wait(seconds * 1000, undefined, { signal }),
  }
}

export type AuditContext = ReturnType<typeof createContext>

function set(parameters: URLSearchParams, changes: Changes): void {
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name)
    for (const one of [value ?? []].flat()) parameters.append(name, one)
  }
}
