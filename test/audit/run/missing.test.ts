import { expect, it } from 'vitest'
import { audit } from '../../../src/audit.js'

it('says which option brings what a check lacks', async () => {
  const issuer = 'http://127.0.0.1:9'
  const metadata = { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t` }
  const only = ['code-lifetime', 'pkce-required', 'secret-in-query', 'code-of-another-client']
  const reasons = async (clients: { clientId: string }[]) => {
    const { results } = await audit({ issuer, metadata, only, clients })
    return results.map(({ id, observed }) => `${id}: ${observed}`).sort()
  }
  expect(await reasons([])).toEqual([
    'code-lifetime: It waits for minutes; run with --slow.',
    'code-of-another-client: It needs a client; see --client-id.',
    'pkce-required: It needs a client; see --client-id.',
    'secret-in-query: It needs a confidential client; see --client-id.',
  ])
  expect(await reasons([{ clientId: 'spa' }])).toContain(
    'code-of-another-client: It needs a second client of this server; see --other-client-id.',
  )
})
