import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { text } from 'node:stream/consumers'
import OAuth2Server, { type AuthorizationCode, type RefreshToken, type Token } from '@node-oauth/oauth2-server'
import { listen } from '../../helpers/loopback.js'
import { withCors } from '../cors.js'
import { clientIdOf, REDIRECT_URI, type RegisteredClient, SECRET, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

const SCOPE = 'orders offline'
const PAGE = { 'content-type': 'text/html', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }
const PATHS = { authorize: '/authorize', token: '/token' }

/** `@node-oauth/oauth2-server`: only the two endpoints, as its documentation mounts them; no metadata, no OpenID Connect. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI, withoutCors } = {}) => {
  const clients = {
    none: { clientId: clientIdOf('none') },
    client_secret_basic: { clientId: clientIdOf('client_secret_basic'), secret: SECRET },
    client_secret_post: { clientId: clientIdOf('client_secret_post'), secret: SECRET },
  }
  const oauth = new OAuth2Server({
    model: createModel(Object.values(clients), redirectUri),
    requireClientAuthentication: { authorization_code: true, refresh_token: false },
  })
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => serve(oauth, incoming, outgoing)
  const { port, close } = await listen(withoutCors ? listener : withCors(listener))
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    metadata: {
      issuer,
      authorization_endpoint: issuer + PATHS.authorize,
      token_endpoint: issuer + PATHS.token,
      code_challenge_methods_supported: ['S256'],
    },
    scope: SCOPE,
    redirectUri,
    clients,
    async signIn(visitor, url) {
      const { action, fields } = formOf(await visitor.follow(url, redirectUri))
      fields.set('name', USER.name)
      fields.set('password', USER.password)
      return (await visitor.follow(action, redirectUri, { method: 'POST', body: fields })).url
    },
    close,
  }
}

async function serve(oauth: OAuth2Server, incoming: IncomingMessage, outgoing: ServerResponse) {
  const url = new URL(incoming.url ?? '', `http://${incoming.headers.host}`)
  // As Express reads them: what comes twice is a list.
  const body: Record<string, unknown> = parse(await text(incoming))
  const given = {
    headers: incoming.headers,
    method: incoming.method,
    query: parse(url.search.slice(1)),
    body,
  }
  const request = new OAuth2Server.Request(given as ConstructorParameters<typeof OAuth2Server.Request>[0])
  const response = new OAuth2Server.Response({ headers: {} })
  if (url.pathname === PATHS.token && incoming.method === 'POST') {
    await oauth.token(request, response).catch(() => {})
  } else if (url.pathname === PATHS.authorize && incoming.method === 'GET') {
    outgoing.writeHead(200, PAGE)
    return void outgoing.end('<form method="post"><input name="name"><input name="password" type="password"></form>')
  } else if (url.pathname === PATHS.authorize) {
    const authenticateHandler = {
      handle: () => body['name'] === USER.name && body['password'] === USER.password && { id: USER.name },
    }
    await oauth.authorize(request, response, { authenticateHandler }).catch(() => {})
  } else {
    return void outgoing.writeHead(404).end()
  }
  outgoing.writeHead(response.status ?? 500, { 'content-type': 'application/json', ...response.headers })
  outgoing.end(JSON.stringify(response.body))
}

/** What the library leaves to its user: the storage, in memory. */
function createModel(
  registered: readonly RegisteredClient[],
  redirectUri: string,
): OAuth2Server.AuthorizationCodeModel & OAuth2Server.RefreshTokenModel {
  const codes = new Map<string, AuthorizationCode>()
  const tokens = new Map<string, Token>()
  return {
    async getClient(id, secret) {
      const found = registered.find(({ clientId }) => clientId === id)
      // At the authorization endpoint the library asks with null.
      if (!found || (secret !== null && found.secret !== secret)) return undefined
      return { id, redirectUris: [redirectUri], grants: ['authorization_code', 'refresh_token'] }
    },
    async saveAuthorizationCode(code, client, user) {
      const saved = { ...code, client, user }
      codes.set(code.authorizationCode, saved)
      return saved
    },
    getAuthorizationCode: async (code) => codes.get(code),
    revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
    async saveToken(token, client, user) {
      const saved = { ...token, client, user }
      tokens.set(hash(token.accessToken), saved)
      if (token.refreshToken) tokens.set(hash(token.refreshToken), saved)
      return saved
    },
    getAccessToken: async (token) => tokens.get(hash(token)),
    getRefreshToken: async (token) => tokens.get(hash(token)) as RefreshToken | undefined,
    revokeToken: async ({ refreshToken }) => tokens.delete(hash(refreshToken)),
    validateScope: async (_user, _client, scope) => scope?.filter((one) => SCOPE.split(' ').includes(one)) ?? [],
    verifyScope: async () => true,
    generateRefreshToken: async () => randomBytes(24).toString('hex'),
  }
}

const hash = (token: string) => createHash('sha256').update(token).digest('hex')
