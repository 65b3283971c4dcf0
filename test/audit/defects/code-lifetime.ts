import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  configure: (configuration) => {
    configuration.ttl = { ...configuration.ttl, AuthorizationCode: 3600 }
  },
}
