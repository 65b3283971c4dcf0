import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  client: 'confidential',
  configure: (configuration) => {
    configuration.features = { ...configuration.features, clientCredentials: { enabled: true } }
    configuration.clients =
      configuration.clients?.map((client) => ({
        ...client,
        grant_types: [...(client.grant_types ?? []), 'client_credentials'],
      })) ?? []
  },
}
