import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = {
  // The server demands https where it offers the implicit flow.
  redirectUri: 'https://app.example/callback',
  configure: (configuration) => {
    configuration.responseTypes = ['code', 'id_token token']
    for (const client of configuration.clients!) {
      client.grant_types = ['authorization_code', 'refresh_token', 'implicit']
      client.response_types = ['code', 'id_token token']
    }
  },
  bend: withMetadata({ response_types_supported: ['code'] }),
}
