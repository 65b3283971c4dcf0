import { afterEach, expect, it } from 'vitest'
import { audit } from '../../src/audit.js'
import { startAuditedServer } from './audited-server.js'
import { defect } from './defects/jwks-public-keys-only.js'

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(() => server.close())

it('the report of a published private key does not contain it', async () => {
  server = await startAuditedServer(defect)
  const report = await audit({ issuer: server.issuer, only: ['jwks-public-keys-only'] })
  expect(report.results[0]?.result).toBe('fail')
  expect(JSON.stringify(report)).toContain('‹d›')
  expect(JSON.stringify(report)).not.toContain('the-private-exponent-of-the-key')
})
