import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  client: 'confidential',
  // A wrong belief: a client with a secret needs no PKCE.
  configure: (configuration) => {
    configuration.pkce = { required: (_ctx, client) => client.clientAuthMethod === 'none' }
  },
}
