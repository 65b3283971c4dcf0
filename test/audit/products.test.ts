import { afterEach, describe, expect, it } from 'vitest'
import { products, recognise } from '../../src/audit/products/products.js'
import { audit, checks } from '../../src/audit.js'
import { documentAt, files } from '../providers/fixtures.js'
import { startAuditedServer } from './audited-server.js'

/** By the document or its folder; the others are told to be none that is known. */
const EXPECTED: Readonly<Record<string, string | undefined>> = {
  // The predecessor of a predecessor, with other addresses.
  'duende/metadata-identityserver-2017.json': undefined,
  auth0: 'Auth0',
  authentik: 'authentik',
  cognito: 'Amazon Cognito',
  duende: 'Duende IdentityServer',
  entra: 'Microsoft Entra',
  'microsoft-personal': 'Microsoft Entra',
  'entra-b2c': 'Microsoft Entra',
  keycloak: 'Keycloak',
  okta: 'Okta',
  'ory-hydra': 'Ory Hydra',
  zitadel: 'Zitadel',
}

describe('a product is recognised by its metadata', () => {
  it.each(files(/metadata[^/]*\.json$/))('%s', (path) => {
    const metadata = documentAt(path) as unknown as Record<string, unknown>
    const product = recognise(`${metadata['issuer']}`, metadata)?.product.name
    expect(product).toBe(EXPECTED[path in EXPECTED ? path : path.split('/')[0]!])
  })

  it('not where two fit', () => {
    const metadata = {
      authorization_endpoint: 'https://tenant.auth0.com/realms/a/protocol/openid-connect/auth',
    }
    expect(recognise('https://tenant.auth0.com/', metadata)).toBeUndefined()
  })
})

describe('the settings', () => {
  it('are those of checks that exist, each with its source', () => {
    const ids = checks.map(({ id }) => id)
    for (const { name, settings } of products)
      for (const [id, { text, source }] of Object.entries(settings)) {
        expect(ids, name).toContain(id)
        expect(text, name).not.toBe('')
        expect(source, name).toMatch(/^https:\/\//)
      }
  })
})

describe('a report', () => {
  let server: Awaited<ReturnType<typeof startAuditedServer>>
  afterEach(() => server.close())

  const auditOnly = (product?: string) =>
    audit({ issuer: server.issuer, only: ['response-types-listed', 'issuer-matches'], product })
  const lists = {
    configure: (configuration: import('oidc-provider').Configuration) => void delete configuration.responseTypes,
  }

  it('names the product and the setting of what was found', async () => {
    server = await startAuditedServer(lists)
    const { product, results } = await auditOnly()
    expect(product).toEqual({ name: 'oidc-provider', how: expect.stringContaining('/auth') })
    expect(results.map(({ id, result, setting }) => [id, result, setting])).toEqual([
      ['issuer-matches', 'pass', undefined],
      ['response-types-listed', 'warning', expect.stringMatching(/^oidc-provider: responseTypes: \['code'\] \(https:/)],
    ])
  })

  it('takes the name that is given', async () => {
    server = await startAuditedServer(lists)
    const { product, results } = await auditOnly('doorkeeper')
    expect(product?.name).toBe('Doorkeeper')
    expect(results[1]?.setting).toMatch(/^Doorkeeper: grant_flows/)
    await expect(auditOnly('Nobody’s server')).rejects.toMatchObject({ code: 'config_invalid' })
  })
})
