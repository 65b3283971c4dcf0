import { createCookieJar } from '../../src/server/edge/cookies.js'
import { sealedCookie } from '../../src/vault/cookie.js'
import { describeVault } from '../contracts/vault.js'

const keys = [{ id: 'k', secret: Buffer.alloc(32, 3).toString('base64') }]
let jar = createCookieJar(null, { sameSite: 'Lax' })

describeVault(
  'cookie',
  () => {
    jar = createCookieJar(null, { sameSite: 'Lax' })
    return sealedCookie({ keys }).bind(jar)
  },
  {
    maxRecords: 5,
    maxBytes: 2700,
    // A cookie that was used is gone; nobody remembers that it was there.
    spent: 'unknown',
    namesDropped: false,
    plain: '__Host-Http-proofkey.',
    stored: async () => jar.names().map((name) => `${name}=${jar.get(name)}`),
  },
)
