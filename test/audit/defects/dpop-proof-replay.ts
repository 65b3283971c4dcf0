import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  configure: (configuration) => {
    configuration.features = { ...configuration.features, dPoP: { enabled: true, allowReplay: true } }
  },
}
