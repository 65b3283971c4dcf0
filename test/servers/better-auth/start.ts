import type { RequestListener, ServerResponse } from 'node:http'
import { oauthProvider } from '@better-auth/oauth-provider'
import { type BetterAuthPlugin, betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { listen } from '../../helpers/loopback.js'
import { assertionKey } from '../assertion-key.js'
import { withCors } from '../cors.js'
import { clientIdOf, type Method, REDIRECT_URI, SECRET, type StartServer, USER } from '../running-server.js'

const SCOPE = 'openid offline_access'
const TABLES = [
  ...['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthResource', 'oauthClientResource'],
  ...['oauthRefreshToken', 'oauthAccessToken', 'oauthConsent', 'oauthClientAssertion'],
]

const APP_PAGE = /^\/(login|consent)\?/

function showPage(outgoing: ServerResponse): void {
  const headers = { 'content-type': 'text/html', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }
  outgoing.writeHead(200, headers).end('<form><input name="email"><input name="password" type="password"></form>')
}

/** `better-auth` with its OAuth provider, all in memory. Its pages are the app's to write: the visitor calls their API. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI, withoutCors, openRegistration } = {}) => {
  let handle: ReturnType<typeof toNodeHandler> | undefined
  const listener: RequestListener = (incoming, outgoing) =>
    APP_PAGE.test(incoming.url ?? '') ? showPage(outgoing) : handle?.(incoming, outgoing)
  const { port, close } = await listen(withoutCors ? listener : withCors(listener))
  const origin = `http://127.0.0.1:${port}`
  let nextClientId = ''
  const provider = oauthProvider({
    loginPage: '/login',
    consentPage: '/consent',
    generateClientId: () => nextClientId || crypto.randomUUID(),
    ...(openRegistration && { allowDynamicClientRegistration: true, allowUnauthenticatedClientRegistration: true }),
    generateClientSecret: () => SECRET,
    silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
  })
  const auth = betterAuth({
    baseURL: origin,
    basePath: '/api/auth',
    secret: crypto.randomUUID() + crypto.randomUUID(),
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { level: 'error' },
    // Its types do not fit under `exactOptionalPropertyTypes`.
    plugins: [jwt(), provider as unknown as BetterAuthPlugin],
  })
  handle = toNodeHandler(auth)

  const { name, email, password } = USER
  const { headers: signedUp } = await auth.api.signUpEmail({ body: { name, email, password }, returnHeaders: true })
  const headers = {
    cookie: signedUp
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; '),
  }
  const { jwk, publicJwk } = await assertionKey()
  async function register(method: Method) {
    nextClientId = clientIdOf(method)
    await (auth.api as unknown as typeof provider.endpoints).adminCreateOAuthClient({
      headers,
      body: {
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [new URL('/', redirectUri).href],
        token_endpoint_auth_method: method,
        // A web client's redirect URI is https.
        application_type: method === 'none' || redirectUri.startsWith('http:') ? 'native' : 'web',
        enable_end_session: true,
        ...(method === 'private_key_jwt' && { jwks: { keys: [publicJwk] } }),
      },
    })
    const clientId = nextClientId
    nextClientId = ''
    return { clientId, ...(method.startsWith('client_secret') && { secret: SECRET }) }
  }

  return {
    issuer: `${origin}/api/auth`,
    scope: SCOPE,
    redirectUri,
    clients: {
      none: await register('none'),
      client_secret_basic: await register('client_secret_basic'),
      client_secret_post: await register('client_secret_post'),
      private_key_jwt: { ...(await register('private_key_jwt')), key: jwk },
    },
    async signIn(visitor, url) {
      const post = async (path: string, body: object): Promise<string> => {
        const response = await visitor.visit(`${origin}/api/auth${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
          body: JSON.stringify(body),
        })
        const answer = await response.json()
        if (typeof answer.url !== 'string') throw new Error(`${path} answered ${JSON.stringify(answer)}`)
        return new URL(answer.url, origin).href
      }
      let at = `${(await visitor.visit(url)).headers.get('location')}`
      for (let step = 0; step < 4 && !at.startsWith(redirectUri); step++) {
        const { pathname, search } = new URL(at, origin)
        const oauth_query = search.slice(1)
        if (pathname === '/login') at = await post('/sign-in/email', { email, password, oauth_query })
        else if (pathname === '/consent') at = await post('/oauth2/consent', { accept: true, oauth_query })
        else throw new Error(`The server led to ${at}`)
      }
      return at
    },
    close,
  }
}
