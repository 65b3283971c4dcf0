import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'

export interface RunningProvider {
  readonly issuer: string
  readonly provider: Provider
  close(): Promise<void>
}

/**
 * Starts a real authorization server on a loopback port, with its own login and consent pages (any name and password
 * will do). Everything is kept in memory.
 * @param port 0 for a free one
 * @param host a name of this machine, which decides whether an app is of the same site
 */
export async function startProvider(
  configuration: Configuration,
  port = 0,
  host = '127.0.0.1',
): Promise<RunningProvider> {
  const server = createServer()
  // Browsers know `*.localhost`, systems may not.
  const address = host.endsWith('.localhost') ? '127.0.0.1' : host
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, configuration)
  provider.use(plainPages)
  // Put together at the first request: until then, middleware can be added.
  let handle: ReturnType<Provider['callback']> | undefined
  server.on('request', (request, response) => {
    handle ??= provider.callback()
    handle(request, response)
  })
  return {
    issuer,
    provider,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Its login and consent pages without their web font, which would need another host, and dark where the browser is. */
const plainPages: Parameters<Provider['use']>[0] = async (ctx, next) => {
  await next()
  if (typeof ctx.body === 'string')
    ctx.body = ctx.body.replace(/@import url\([^)]*\);/, '').replace('</style>', `${DARK}</style>`)
}
const DARK = `@media (prefers-color-scheme: dark) {
  :root { color-scheme: dark }
  body, .login-card { background-color: #121514; color: #e8ebe9 }
  .login-card { background-color: #1f2523 }
  .login-card input[type=text], input[type=email], input[type=password] { background: #121514; color: #e8ebe9; border-color: #5a6561 }
  .login-submit { background-color: #2b62c0 }
  .login-card a, .login-card label, .grant-debug { color: #b4bdba; opacity: 1 }
}`

/** A public client of a browser app: PKCE only, CORS for its own origin. */
export function browserClient(clientId: string, redirectUris: string[]): Configuration {
  const origins = redirectUris.map((uri) => new URL(uri).origin)
  return {
    clients: [
      {
        client_id: clientId,
        redirect_uris: redirectUris,
        post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
        token_endpoint_auth_method: 'none',
      },
    ],
    clientBasedCORS: (_ctx, origin) => origins.includes(origin),
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      // Not everybody has a name: who signs in as `nobody` has none.
      claims: () => ({ sub, ...(!sub.startsWith('nobody') && { name: sub }), email: `${sub}@example.test` }),
    }),
    cookies: { keys: [crypto.randomUUID()] },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600 },
  }
}
