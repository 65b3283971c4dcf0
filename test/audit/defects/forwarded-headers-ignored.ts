import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  bend: (provider) => {
    provider.proxy = true
  },
}
