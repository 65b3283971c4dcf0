import '../../examples/demo/quiet.js'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration, errors } from 'oidc-provider'
import { Agent, fetch as undiciFetch } from 'undici'
import type { AuditClient } from '../../src/audit.js'
import { clientSecretBasic } from '../../src/protocol.js'
import { selfSigned } from '../helpers/self-signed.js'
import { createSignInPage } from './sign-in-page.js'
import { createVisitorBrowser } from './visitor-browser.js'

/** One thing that an otherwise good server does wrong. */
export interface Defect {
  /** The client that the check is proven with, of those of {@link startAuditedServer}. Default `public`. */
  readonly client?: 'public' | 'confidential'
  /** Both the good server and the one with the defect speak TLS, with a certificate of their own. */
  readonly tls?: true
  /** The redirect URI of all clients, where the check needs another kind than {@link REDIRECT_URI}. */
  readonly redirectUri?: string
  /** Of the server with the defect only. */
  readonly tlsOptions?: ServerOptions
  /** Changes the configuration of `oidc-provider`. */
  readonly configure?: (configuration: Configuration) => void
  /** Adds middleware, or replaces a method. */
  readonly bend?: (provider: Provider) => void
}

export const REDIRECT_URI = 'http://127.0.0.1:5555/callback'

/** A good server's configuration: what the checks ask for, and people who are signed in without being asked. */
function goodConfiguration(redirectUri: string): Configuration {
  return {
    clients: [
      {
        client_id: 'public',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'public-2',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'confidential',
        client_secret: 'a-secret-of-the-confidential-client',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'confidential-2',
        client_secret: 'a-secret-of-the-other-confidential-client',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    responseTypes: ['code'],
    acrValues: ['urn:example:password'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'ES256', 'EdDSA'] },
    scopes: ['openid', 'offline_access', 'profile'],
    claims: { openid: ['sub'], profile: ['name'] },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    async loadExistingGrant(ctx) {
      const { client, session, params } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! })
      grant.addOIDCScope(String(params?.['scope'] ?? 'openid'))
      await grant.save()
      return grant
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub }) }),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    cookies: { keys: ['a key of the tests'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  }
}

/** What a good server has in common with the one with this defect. */
export const withoutDefect = ({ client, tls, redirectUri }: Defect): Defect => ({
  ...(client && { client }),
  ...(tls && { tls }),
  ...(redirectUri && { redirectUri }),
})

let certificate: { key: string; cert: string } | undefined

function tlsCertificate() {
  if (!certificate) {
    const { key, cert, remove } = selfSigned()
    remove()
    certificate = { key, cert }
  }
  return certificate
}

/** `oidc-provider` on a loopback port, good but for one defect. */
export async function startAuditedServer(defect: Defect = {}) {
  const { redirectUri = REDIRECT_URI } = defect
  const tls = defect.tls && tlsCertificate()
  const server = tls ? createTlsServer({ ...tls, ...defect.tlsOptions }) : createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const issuer = `http${tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const agent = tls && new Agent({ connect: { ca: tls.cert } })
  const configuration = goodConfiguration(redirectUri)
  defect.configure?.(configuration)
  const provider = new Provider(issuer, configuration)
  if (tls)
    provider.use((ctx, next) => {
      ctx.set('strict-transport-security', 'max-age=31536000; includeSubDomains')
      return next()
    })
  // First the defect, then the sign-in: a defect may also concern the pages.
  defect.bend?.(provider)
  const signInPage = createSignInPage(provider)
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    await signInPage(ctx)
  })
  const handle = provider.callback()
  let requests = 0
  let breakFrom = Number.POSITIVE_INFINITY
  server.on('request', (request, response) => {
    if (++requests >= breakFrom) return request.socket.destroy()
    return handle(request, response)
  })
  const clients = {
    public: [{ clientId: 'public' }, { clientId: 'public-2' }],
    confidential: [
      { clientId: 'confidential', clientAuth: clientSecretBasic('a-secret-of-the-confidential-client') },
      { clientId: 'confidential-2', clientAuth: clientSecretBasic('a-secret-of-the-other-confidential-client') },
    ],
  } as const satisfies Record<string, readonly AuditClient[]>
  return {
    issuer,
    provider,
    clients: clients[defect.client ?? 'public'],
    browser: () => createVisitorBrowser(issuer, redirectUri),
    /** A fetch that trusts the server's certificate. */
    fetch:
      agent && (((url, init) => undiciFetch(url as string, { ...init, dispatcher: agent } as never)) as typeof fetch),
    /** Counts requests from here on, and cuts the connection of the one with this number and of all after it. */
    countFromHere(cutFrom = Number.POSITIVE_INFINITY): void {
      requests = 0
      breakFrom = cutFrom
    },
    requests: () => requests,
    close: async () => {
      await agent?.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export { errors }
