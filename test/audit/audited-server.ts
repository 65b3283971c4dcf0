import '../../examples/demo/quiet.js'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration, errors } from 'oidc-provider'
import type { AuditClient } from '../../src/audit.js'
import { clientSecretBasic, privateKeyJwt } from '../../src/protocol.js'
import { key, publicJwk } from './client-key.js'
import { checkAssertion, type Strictness, strictness } from './strictness.js'
import { createVisitorBrowser } from './visitor-browser.js'

/** One thing that an otherwise good server does wrong. */
export interface Defect {
  /** The client that the check is proven with, of those of {@link startAuditedServer}. Default `public`. */
  readonly client?: 'public' | 'confidential' | 'assertion'
  /** What the good server is configured with too. */
  readonly setting?: (configuration: Configuration) => void
  /** Changes the configuration of `oidc-provider`. */
  readonly configure?: (configuration: Configuration) => void
  /** Adds middleware, or replaces a method. */
  readonly bend?: (provider: Provider) => void
  /** Leaves out what the good server does beyond `oidc-provider`. */
  readonly lenient?: Strictness
}

export const REDIRECT_URI = 'http://127.0.0.1:5555/callback'

/** A good server's configuration: what the checks ask for, and people who are signed in without being asked. */
function goodConfiguration(): Configuration {
  return {
    clients: [
      {
        client_id: 'public',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'public-2',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'confidential',
        client_secret: 'a-secret-of-the-confidential-client',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'confidential-2',
        client_secret: 'a-secret-of-the-other-confidential-client',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      {
        client_id: 'assertion',
        jwks: { keys: [publicJwk] },
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'private_key_jwt',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    assertJwtClientAuthClaimsAndHeader: checkAssertion,
    pkce: { required: () => true },
    responseTypes: ['code'],
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
    // Otherwise a sign-in ends the tokens of the one before.
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    cookies: { keys: ['a key of the tests'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  }
}

/** `oidc-provider` on a loopback port, good but for one defect. */
export async function startAuditedServer(defect: Defect = {}) {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const configuration = goodConfiguration()
  defect.setting?.(configuration)
  defect.configure?.(configuration)
  const provider = new Provider(issuer, configuration)
  // First the defect, then the sign-in: a defect may also concern the pages.
  defect.bend?.(provider)
  for (const [name, apply] of Object.entries(strictness)) if (name !== defect.lenient) apply(provider)
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'ada' } })
    ctx.respond = false
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
    assertion: [{ clientId: 'assertion', clientAuth: privateKeyJwt(key), key }],
    confidential: [
      { clientId: 'confidential', clientAuth: clientSecretBasic('a-secret-of-the-confidential-client') },
      { clientId: 'confidential-2', clientAuth: clientSecretBasic('a-secret-of-the-other-confidential-client') },
    ],
  } as const satisfies Record<string, readonly AuditClient[]>
  return {
    issuer,
    provider,
    clients: clients[defect.client ?? 'public'],
    browser: () => createVisitorBrowser(issuer, REDIRECT_URI),
    /** Counts requests from here on, and cuts the connection of the one with this number and of all after it. */
    countFromHere(cutFrom = Number.POSITIVE_INFINITY): void {
      requests = 0
      breakFrom = cutFrom
    },
    requests: () => requests,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export { errors }
