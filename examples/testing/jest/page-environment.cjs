const { TestEnvironment } = require('jest-environment-jsdom')

/** What every browser has, Node has and jsdom has not, or only without `subtle`. */
const MISSING = [
  ...['fetch', 'Request', 'Response', 'Headers'],
  ...['TextEncoder', 'TextDecoder', 'Uint8Array', 'crypto', 'BroadcastChannel', 'structuredClone'],
]

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup()
    for (const name of MISSING)
      Object.defineProperty(this.global, name, { value: globalThis[name], configurable: true, writable: true })
  }
}
