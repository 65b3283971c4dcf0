import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { jwtVerify } from 'jose'
import '../../../examples/demo/quiet.js'
import Provider, { type Configuration } from 'oidc-provider'
import { browserClient } from '../../../examples/demo/provider.js'
import { listen } from '../../helpers/loopback.js'
import { selfSigned } from '../../helpers/self-signed.js'

export const APP = 'https://app.example.com'
const TENANT = '11111111-2222-3333-4444-555555555555'
const ORDERS = 'urn:orders'
const SCOPE = 'openid profile offline_access api://orders/orders.read'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' } as never] }

/** One client, of an app that keeps its session. */
function configuration(): Configuration {
  const base = browserClient('my-app', [`${APP}/callback`])
  return {
    ...base,
    clients: [{ ...base.clients![0]!, grant_types: ['authorization_code', 'refresh_token'] }],
    jwks,
    scopes: SCOPE.split(' '),
    // The app of its own company: nobody is asked for consent.
    async loadExistingGrant({ oidc: { client, session, provider } }) {
      const grant = new provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! })
      grant.addOIDCScope(SCOPE)
      grant.addResourceScope(ORDERS, SCOPE)
      await grant.save()
      return grant
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: { revocation: { enabled: true, allowedPolicy: () => true }, rpInitiatedLogout: { enabled: true } },
  }
}

/** The endpoints of Auth0; its logout of `/v2/logout` has parameters of its own. */
function auth0(): Configuration {
  return {
    ...configuration(),
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
      end_session: '/oidc/logout',
    },
  }
}

/** The endpoints of Entra ID, and the claims that MSAL reads. */
function entra(): Configuration {
  const base = configuration()
  return {
    ...base,
    routes: {
      authorization: '/oauth2/v2.0/authorize',
      token: '/oauth2/v2.0/token',
      jwks: '/discovery/v2.0/keys',
      end_session: '/oauth2/v2.0/logout',
    },
    claims: { openid: ['sub', 'tid', 'oid'], profile: ['name', 'preferred_username'] },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, tid: TENANT, oid: sub, name: sub, preferred_username: sub }),
    }),
  }
}

/** The endpoints of Keycloak, access tokens that keycloak-js can decode, and CORS with credentials. */
function keycloak(): Configuration {
  const base = configuration()
  const at = '/protocol/openid-connect'
  return {
    ...base,
    routes: {
      authorization: `${at}/auth`,
      token: `${at}/token`,
      revocation: `${at}/revoke`,
      userinfo: `${at}/userinfo`,
      jwks: `${at}/certs`,
      end_session: `${at}/logout`,
    },
    clientBasedCORS: (ctx, origin, client) => {
      ctx.set('Access-Control-Allow-Credentials', 'true')
      return base.clientBasedCORS?.(ctx, origin, client) ?? false
    },
    features: {
      ...base.features,
      resourceIndicators: {
        enabled: true,
        defaultResource: () => ORDERS,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: SCOPE, accessTokenFormat: 'jwt' }),
      },
    },
  }
}

/** Each library's kind of server, by host: oidc-provider at the addresses that the library expects. */
const SERVERS = {
  'login.example.com': { path: '', configuration },
  'example.eu.auth0.com': { path: '', slash: '/', configuration: auth0 },
  'login.microsoftonline.com': { path: `/${TENANT}`, version: '/v2.0', configuration: entra },
  'sso.example.com': { path: '/realms/my-realm', configuration: keycloak },
} satisfies Record<string, { path: string; slash?: string; version?: string; configuration: () => Configuration }>

/**
 * All servers and the API, at one TLS port; a browser is told to look for every host there. So snippets run as they are
 * written, and cookies and issuers are those of https.
 */
export async function startServers() {
  const tls = selfSigned()
  const providers: Provider[] = []
  const handlers = new Map<string, RequestListener>()
  const apps = new Map<string, Record<string, string>>()
  for (const [host, { path, slash = '', version = '', configuration }] of Object.entries<{
    path: string
    slash?: string
    version?: string
    configuration: () => Configuration
  }>(SERVERS)) {
    const provider = new Provider(`https://${host}${path}${version}${slash}`, configuration())
    const handle = provider.callback()
    providers.push(provider)
    if (host === 'sso.example.com') issueReadableRefreshTokens(provider)
    handlers.set(host, (request, response) => {
      if (moved(request, response)) return
      if (!request.url?.startsWith(`${path}/`)) return void response.writeHead(404).end()
      // The form in which Express mounts an app, which oidc-provider understands.
      const url = withoutPath(request.url, path, version)
      Object.assign(request, { originalUrl: path + url, url })
      handle(request, response)
    })
  }
  handlers.set('api.example.com', orders(providers))
  handlers.set('app.example.com', pages(apps))
  const { port, close } = await listen((request, response) => {
    const handle = handlers.get(request.headers.host ?? '')
    if (handle) handle(request, response)
    else response.writeHead(404).end()
  }, tls)
  return {
    port,
    /** By user agent, so that each browser has its own: the page of every path, as `/`, and its scripts. */
    apps,
    async close() {
      await close()
      tls.remove()
    },
  }
}

/** Those of Keycloak are JWTs, and keycloak-js decodes them. */
function issueReadableRefreshTokens({ RefreshToken }: Provider): void {
  const encode = (value: object | string) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const generateTokenId = () => `${encode({ alg: 'none' })}.${encode({ typ: 'Refresh', jti: crypto.randomUUID() })}.`
  Object.assign(RefreshToken.prototype, { generateTokenId })
}

/** Entra ID's metadata is below the version, its endpoints are not. */
const withoutPath = (url: string, path: string, version: string) => {
  const rest = url.slice(path.length)
  return version && rest.startsWith(`${version}/.well-known/`) ? rest.slice(version.length) : rest
}

/** What the logout of Auth0 and of Entra ID takes, in the words of the standard. */
function moved({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(url, 'https://host')
  const to = (path: string) => {
    response.writeHead(302, { location: `${path}?${searchParams}` }).end()
    return true
  }
  if (pathname === '/v2/logout') {
    searchParams.set('post_logout_redirect_uri', searchParams.get('returnTo') ?? '')
    return to('/oidc/logout')
  }
  if (
    pathname.endsWith('/oauth2/v2.0/logout') &&
    !searchParams.has('client_id') &&
    !searchParams.has('id_token_hint')
  ) {
    searchParams.set('client_id', 'my-app')
    return to(pathname)
  }
  return false
}

/** An API that tells whose token it has got. */
function orders(providers: readonly Provider[]): RequestListener {
  const key = createPublicKey(privateKey)
  const subject = async (token: string) => {
    if (token.split('.').length === 3) return (await jwtVerify(token, key)).payload.sub
    const found = await Promise.all(providers.map(({ AccessToken }) => AccessToken.find(token)))
    return found.find((one) => one)?.accountId
  }
  return async (request, response) => {
    response.setHeader('access-control-allow-origin', APP)
    response.setHeader('access-control-allow-headers', 'authorization')
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const user = await subject(token).catch(() => undefined)
    response.writeHead(user ? 200 : 401, { 'content-type': 'text/plain' }).end(user && `orders of ${user}`)
  }
}

const pages =
  (apps: ReadonlyMap<string, Record<string, string>>): RequestListener =>
  ({ headers, url = '' }, response) => {
    const files = apps.get(`${headers['user-agent']}`) ?? {}
    const script = url.endsWith('.js')
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(files[script ? url : '/'] ?? '')
  }
