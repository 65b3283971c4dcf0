import type { StartServer } from './running-server.js'

const lazily =
  (load: () => Promise<{ readonly start: StartServer }>): StartServer =>
  async (options) =>
    (await load()).start(options)

/** Authorization servers that others wrote. A new one is a folder, a line here and its row in `expectations.ts`. */
export const SERVERS = {
  'node-oauth': lazily(() => import('./node-oauth/start.js')),
  'better-auth': lazily(() => import('./better-auth/start.js')),
  workers: lazily(() => import('./workers/start.js')),
  'oidc-provider-fapi': lazily(() => import('./oidc-provider-fapi/start.js')),
  atproto: lazily(() => import('./atproto/start.js')),
}

/** Those that take a package of the system. */
export const DEBIAN_SERVERS = {
  django: lazily(() => import('./django/start.js')),
}
