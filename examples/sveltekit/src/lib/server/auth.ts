import { env } from '$env/dynamic/private'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  memoryServerSessions,
  sealedCookie,
} from '../../../../../src/server.js'
import { refusalResponse } from '../../../../lib/refusal.js'

const create = () =>
  createServerSessionClient({
    issuer: env.ISSUER ?? '',
    clientId: 'sveltekit-app',
    redirectUri: `${env.ORIGIN}/auth/callback`,
    postLogoutRedirectUri: `${env.ORIGIN}/auth/signed-out`,
    scope: 'openid profile',
    clientAuth: clientSecretBasic(env.CLIENT_SECRET ?? ''),
    vault: sealedCookie({ keys: [{ id: 'k1', secret: env.SEALING_KEY ?? '' }] }),
    // For one process. Several share redisSessions({ client, keys }): see the example redis.
    sessionStore: memoryServerSessions(),
    apis: { [env.API ?? '']: {} },
    errorResponse: refusalResponse,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })

let client: ReturnType<typeof create> | undefined

/** The client, made at the first request: `vite build` loads this file where no settings are. */
export const auth = () => (client ??= create())
