import '../../examples/demo/quiet.js'
import { startProvider } from '../../examples/demo/provider.js'

/** A provider where clients register themselves, and whose access tokens are for one resource. */
export const startMcpProvider = () =>
  startProvider({
    scopes: ['openid', 'offline_access', 'tools:read', 'tools:write'],
    clientBasedCORS: () => false,
    features: {
      registration: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => false,
        getResourceServerInfo: (_ctx, audience) => ({
          scope: 'tools:read tools:write',
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
