import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  client: 'assertion',
  configure: (configuration) => {
    configuration.clockTolerance = 2 * 3600
  },
}
