import { setImmediate } from 'node:timers/promises'
import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  // Between looking a token up and marking it as used, other requests have their turn.
  bend: (provider) => {
    const { consume } = provider.RefreshToken.prototype
    provider.RefreshToken.prototype.consume = async function () {
      for (let turn = 0; turn < 50; turn++) await setImmediate()
      return consume.call(this)
    }
  },
}
