import { createHash, randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { createClient, createSessionClient, memoryVault, type SessionClientConfig } from '../../src/index.js'
import { clientSecretPost, createServerClient, type ServerClientConfig } from '../../src/server.js'
import { listen } from '../helpers/loopback.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { createSigner } from '../helpers/signer.js'
import { createVisitor } from '../helpers/visitor.js'

const signer = createSigner('RS256')
export const APP = 'https://app.example'
const redirectUri = `${APP}/callback`

/** What a provider's server serves, as its documents have it. */
export interface Served {
  /** The metadata, by the only URL where it is. */
  readonly documents?: Readonly<Record<string, object>>
  readonly tokenEndpoint: string
  readonly jwksUri?: string
  /** Claims besides aud, iat, exp and nonce; a claim that is undefined is left out. Without them there is no ID token. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** The members of the token response besides a code's access token and token type; undefined leaves one out. */
  readonly token?: Readonly<Record<string, unknown>>
  /** What the callback has besides code and state. */
  readonly callback?: Readonly<Record<string, string>>
}

interface Asked {
  readonly url: string
  readonly headers: Headers
  readonly body: URLSearchParams
}

/**
 * One HTTP server on loopback that stands in for all hosts of a provider: `fetch` takes every request to it. It redeems a
 * code once, and only with the verifier and the redirect URI of its authorization request.
 */
export async function startProvider(served: Served) {
  const asked: Asked[] = []
  const codes = new Map<string, URLSearchParams>()
  let current = served

  const tokens = (body: URLSearchParams): [number, object] => {
    const { claims, token } = current
    const request = codes.get(body.get('code') ?? '')
    codes.delete(body.get('code') ?? '')
    const isRefresh = body.get('grant_type') === 'refresh_token'
    const challenge = createHash('sha256')
      .update(`${body.get('code_verifier')}`)
      .digest('base64url')
    if (!isRefresh && request?.get('code_challenge') !== challenge) return [400, { error: 'invalid_grant' }]
    if (!isRefresh && request?.get('redirect_uri') !== body.get('redirect_uri'))
      return [400, { error: 'invalid_grant' }]
    const now = Math.floor(Date.now() / 1000)
    const aud = request?.get('client_id') ?? 'app'
    const honest = { aud, sub: 'ada', iat: now, exp: now + 300, nonce: request?.get('nonce') ?? undefined }
    const id_token = claims && signer.sign({ ...honest, ...claims })
    return [200, { access_token: `access-${randomUUID()}`, token_type: 'Bearer', id_token, ...token }]
  }

  const { port, close } = await listen(async (incoming, outgoing) => {
    const url = `${incoming.headers['x-url']}`
    const body = new URLSearchParams(await text(incoming))
    asked.push({ url, headers: new Headers(incoming.headers as Record<string, string>), body })
    const document = current.documents?.[url]
    const [status, answer] = document
      ? [200, document]
      : url === current.tokenEndpoint
        ? tokens(body)
        : url === current.jwksUri
          ? [200, { keys: [signer.jwk] }]
          : [404, {}]
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })

  const fetch = (url: string, init: RequestInit = {}) => {
    const { pathname, search } = new URL(url)
    const headers = new Headers(init.headers)
    headers.set('x-url', url)
    return globalThis.fetch(`http://127.0.0.1:${port}${pathname}${search}`, { ...init, headers })
  }

  /** The callback of the person who signs in. */
  function authorize(url: URL): URL {
    const code = `code-${randomUUID()}`
    codes.set(code, url.searchParams)
    const callback = new URL(`${url.searchParams.get('redirect_uri')}`)
    const answer = { code, state: `${url.searchParams.get('state')}`, ...current.callback }
    for (const [name, value] of Object.entries(answer)) callback.searchParams.set(name, value)
    return callback
  }

  return {
    asked,
    close,
    fetch,
    authorize,
    /** Changes what is served from now on. */
    serve(changes: Partial<Served>) {
      current = { ...current, ...changes }
    },
    tokenRequests: () => asked.filter(({ url }) => url === current.tokenEndpoint),
    urls: () => asked.map(({ url }) => url),
  }
}

export type RunningProvider = Awaited<ReturnType<typeof startProvider>>

/** What an entry of `proofkey/providers` gives. */
type Entry = Pick<SessionClientConfig, 'issuer'> & Partial<SessionClientConfig>
type ServerEntry = Pick<ServerClientConfig, 'issuer'> & Partial<ServerClientConfig>

/** A page whose user signs in without leaving it; `sent` is where they were sent. */
export function pageWith(running: RunningProvider, entry: Entry, session = false) {
  const sent: URL[] = []
  const userAgent = travelBy((url) => {
    sent.push(url)
    return running.authorize(url)
  })
  const config = {
    clientId: 'app',
    redirectUri,
    scope: 'openid',
    vault: memoryVault(),
    userAgent,
    fetch: running.fetch,
  }
  const whole = { ...config, ...entry }
  return { sent, client: session ? createSessionClient(whole) : createClient(whole) }
}

/** Signs a visitor in at a server. */
export async function signInAtServer(running: RunningProvider, entry: ServerEntry) {
  const client = createServerClient({
    clientId: 'app',
    redirectUri,
    scope: 'openid',
    clientAuth: clientSecretPost('s3cret'),
    vault: memoryVault({ maxRecords: 10 }),
    fetch: running.fetch,
    ...entry,
  })
  const visitor = createVisitor()
  const response = await client.signIn(visitor.request(`${APP}/login`))
  visitor.receive(response.headers)
  const sent = new URL(`${response.headers.get('location')}`)
  const { origin, pathname, search, searchParams } = running.authorize(sent)
  const request =
    entry.responseMode === 'form_post'
      ? visitor.request(origin + pathname, { method: 'POST', body: searchParams })
      : visitor.request(origin + pathname + search)
  return { client, sent, cookies: response.headers.getSetCookie(), result: await client.handleCallback(request) }
}
