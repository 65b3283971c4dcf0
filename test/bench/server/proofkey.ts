import {
  clientSecretBasic,
  createServerClient,
  memoryVault,
  type ServerClientConfig,
  sealedCookie,
} from '../../../src/server.js'
import type { Create } from './contract.js'

const keys = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]

const createWith =
  (vault: () => ServerClientConfig['vault']): Create =>
  ({ metadata, clientSecret, ...config }) => {
    const { issuer } = metadata
    const clientAuth = clientSecretBasic(clientSecret)
    const client = createServerClient({ ...config, issuer, metadata, clientAuth, vault: vault() })
    return {
      signIn: (request) => client.signIn(request),
      async handleCallback(request) {
        const { claims, headers } = await client.handleCallback(request)
        return { subject: claims?.sub, headers }
      },
    }
  }

export const withSealedCookie = createWith(() => sealedCookie({ keys }))
export const withMemoryVault = createWith(() => memoryVault({ maxRecords: 100 }))
