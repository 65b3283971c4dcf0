import { randomBytes } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { startApi } from './api.js'
import { type App, type RunningExample, type Surroundings, startExample } from './example.js'

export interface WithApi extends Surroundings {
  /** The origin of the API. */
  readonly api: string
}

/** What a server reads from its surroundings. */
export interface ServerSurroundings extends WithApi {
  readonly clientSecret: string
  /** Encrypts the sign-ins that wait; base64. */
  readonly sealingSecret: string
}

/** Starts an app with its provider, which gives refresh tokens of one use, and an API that asks the provider about tokens. */
export function startWithApi(
  client: ClientMetadata,
  createApp: (surroundings: WithApi) => App | Promise<App>,
  port?: number,
): Promise<RunningExample> {
  const credentials = { id: 'visits-api', secret: randomBytes(32).toString('base64url') }
  const api = { client_id: credentials.id, client_secret: credentials.secret }
  return startExample(
    { ...client, grant_types: ['authorization_code', 'refresh_token'] },
    async ({ issuer, url }) => {
      const { url: origin, close } = await startApi({ issuer, clientId: client.client_id, origin: url, credentials })
      try {
        const app = await createApp({ issuer, url, api: origin })
        const listener = 'listener' in app ? app.listener : app
        return { listener, close: async () => void (await Promise.all([close(), 'close' in app && app.close()])) }
      } catch (error) {
        await close()
        throw error
      }
    },
    port,
    {
      clients: [{ ...api, redirect_uris: [], response_types: [], grant_types: [] }],
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      features: { introspection: { enabled: true }, revocation: { enabled: true } },
    },
  )
}

/** The same for an app that serves the endpoints of `createServerSessionClient` below `/auth`. Each start has new secrets. */
export function startServerExample(
  client: ClientMetadata,
  createApp: (surroundings: ServerSurroundings) => App | Promise<App>,
  port?: number,
): Promise<RunningExample> {
  const [clientSecret, sealingSecret] = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64'))
  return startWithApi(
    {
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: ['/auth/callback'],
      post_logout_redirect_uris: ['/auth/signed-out'],
      backchannel_logout_uri: '/auth/back-channel-logout',
      ...client,
    },
    (surroundings) => createApp({ ...surroundings, clientSecret: clientSecret!, sealingSecret: sealingSecret! }),
    port,
  )
}
