import { afterEach, describe, expect, it } from 'vitest'
import { checkIdTokenSignature, createClient } from '../../src/index.js'
import { entra, entraB2c, entraWithUsersOfAnyTenant } from '../../src/providers.js'
import { refusal } from '../helpers/refusal.js'
import { documentAt, jsonAt } from './fixtures.js'
import { pageWith, type RunningProvider, type Served, signInAtServer, startProvider } from './provider-server.js'

const MICROSOFT = 'https://login.microsoftonline.com'
const OURS = '11111111-1111-1111-1111-111111111111'
const THEIRS = '33333333-3333-3333-3333-333333333333'
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const issuerOf = (tid: string) => `${MICROSOFT}/${tid}/v2.0`
/** As Microsoft's SDK tests have them, of a user of our tenant. */
const { aud: _, exp: _exp, iat: _iat, nbf: _nbf, nonce: _nonce, ...CLAIMS } = jsonAt('entra/id-token-claims.json')

let running: RunningProvider | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const start = async (served: Served) => {
  running = await startProvider(served)
  return running
}

/** The document of several tenants, where it is served. */
function several(path: 'organizations' | 'common', claims: object = CLAIMS): Served {
  const text = JSON.stringify(documentAt('entra/metadata-common-v2.json')).replaceAll('/common/', `/${path}/`)
  const document = JSON.parse(text)
  return {
    documents: { [`${issuerOf(path)}/.well-known/openid-configuration`]: document },
    tokenEndpoint: document.token_endpoint,
    jwksUri: document.jwks_uri,
    claims: { ...claims },
    token: { ext_expires_in: 3599, client_info: 'eyJ1aWQiOiIwIn0' },
  }
}

describe('entra, one tenant', () => {
  const tenant = '88888888-8888-8888-8888-888888888888'
  const document = documentAt('entra/metadata-tenant-v2.json')
  const served: Served = {
    documents: { [`${issuerOf(tenant)}/.well-known/openid-configuration`]: document },
    tokenEndpoint: document.token_endpoint,
    jwksUri: `${document.jwks_uri}`,
    claims: { ...CLAIMS, iss: issuerOf(tenant), tid: tenant },
  }

  it('signs in a page and a server, and knows that PKCE works', async () => {
    const provider = await start(served)
    const { client } = pageWith(provider, { ...entra({ tenant }), signature: checkIdTokenSignature })
    const events: string[] = []
    client.subscribe(({ type }) => events.push(type))
    expect((await client.signIn())?.claims).toMatchObject({ sub: CLAIMS['sub'], tid: tenant })
    expect(events).not.toContain('pkce_not_advertised')
    const { result } = await signInAtServer(provider, entra({ tenant }))
    expect(result.claims?.iss).toBe(issuerOf(tenant))
  })

  it('refuses the user of another tenant', async () => {
    const provider = await start({ ...served, claims: { ...CLAIMS, iss: issuerOf(THEIRS), tid: THEIRS } })
    const error = await refusal(pageWith(provider, entra({ tenant })).client.signIn(), 'id_token_invalid')
    expect(error.claim).toBe('iss')
  })

  it('is the fixed tenant for personal accounts, and another host for a national cloud', async () => {
    expect(entra({ tenant: 'consumers' }).issuer).toBe(documentAt('microsoft-personal/metadata.json').issuer)
    expect(entra({ tenant, cloud: 'login.microsoftonline.us' }).issuer).toBe(
      `https://login.microsoftonline.us/${tenant}/v2.0`,
    )
  })

  it.each(['common', 'organizations', 'contoso.onmicrosoft.com', '', undefined])('refuses %s', async (tenant) => {
    await refusal(() => entra({ tenant: tenant as string }), 'config_invalid')
  })

  it('refuses resource before the user leaves, and takes scopes of an API', async () => {
    const provider = await start(served)
    const resource = 'https://api.example/'
    await refusal(() => pageWith(provider, { ...entra({ tenant }), resource }), 'config_invalid')
    const apis = { 'https://api.example': { resource } }
    await refusal(() => pageWith(provider, { ...entra({ tenant }), apis }, true), 'config_invalid')
    const { client, sent } = pageWith(provider, entra({ tenant }))
    await refusal(client.signIn({ resource }), 'config_invalid')
    expect(sent).toEqual([])
    await client.signIn({ scope: 'openid api://orders/orders.read' })
    expect(sent[0]?.searchParams.get('scope')).toBe('openid api://orders/orders.read')
  })
})

describe('entra, several tenants', () => {
  it('signs in users of each, by the document that serves all', async () => {
    const provider = await start(several('organizations'))
    const entry = { ...entra({ tenants: [OURS, THEIRS.toUpperCase()] }), signature: checkIdTokenSignature }
    const { client } = pageWith(provider, entry, true)
    expect((await client.signIn())?.claims).toMatchObject({ iss: issuerOf(OURS), tid: OURS })
    provider.serve({ claims: { ...CLAIMS, iss: issuerOf(THEIRS), tid: THEIRS } })
    expect((await client.signIn())?.claims?.iss).toBe(issuerOf(THEIRS))
    expect((await signInAtServer(provider, entry)).result.claims?.['tid']).toBe(THEIRS)
    expect(provider.urls()[0]).toBe(`${issuerOf('organizations')}/.well-known/openid-configuration`)
  })

  it('uses the document with personal accounts if they may sign in', async () => {
    const provider = await start(several('common', { ...CLAIMS, iss: issuerOf(CONSUMERS), tid: CONSUMERS }))
    const { client } = pageWith(provider, entra({ tenants: [OURS, CONSUMERS] }))
    expect((await client.signIn())?.claims?.['tid']).toBe(CONSUMERS)
  })

  const ATTACKS: Record<string, object> = {
    'a tenant that is not in the list': { iss: issuerOf(THEIRS), tid: THEIRS },
    'another tenant in iss than in tid': { iss: issuerOf(THEIRS), tid: OURS },
    'another tenant in tid than in iss': { iss: issuerOf(OURS), tid: THEIRS },
    'the template as iss': { iss: issuerOf('{tenantid}'), tid: OURS },
    'the template as iss and tid': { iss: issuerOf('{tenantid}'), tid: '{tenantid}' },
    'no tid': { iss: issuerOf(OURS), tid: undefined },
    'a list as tid': { iss: issuerOf(OURS), tid: [OURS] },
    'a path in tid': { iss: `${issuerOf(OURS)}/../x`, tid: `${OURS}/v2.0/../x` },
    'the issuer of v1': { iss: `https://sts.windows.net/${OURS}/`, tid: OURS },
    'the issuer on another host': { iss: `https://evil.example/${OURS}/v2.0`, tid: OURS },
    'the issuer with a slash': { iss: `${issuerOf(OURS)}/`, tid: OURS },
  }
  it.each(Object.entries(ATTACKS))('refuses %s, in a page and on a server', async (_, claims) => {
    const provider = await start(several('organizations', { ...CLAIMS, ...claims }))
    const entry = entra({ tenants: [OURS] })
    expect((await refusal(pageWith(provider, entry).client.signIn(), 'id_token_invalid')).claim).toBe('iss')
    expect((await refusal(signInAtServer(provider, entry), 'id_token_invalid')).claim).toBe('iss')
  })

  it('accepts the same token where its tenant is in the list: the list is what refuses it', async () => {
    const provider = await start(several('organizations', { ...CLAIMS, iss: issuerOf(THEIRS), tid: THEIRS }))
    await expect(pageWith(provider, entra({ tenants: [THEIRS] })).client.signIn()).resolves.toBeDefined()
  })

  it('refuses a refresh that changes the tenant within the list', async () => {
    const provider = await start({ ...several('organizations'), token: { refresh_token: 'r', expires_in: 3600 } })
    const { result, client } = await signInAtServer(provider, entra({ tenants: [OURS, THEIRS] }))
    provider.serve({ claims: { ...CLAIMS, iss: issuerOf(THEIRS), tid: THEIRS } })
    const refreshed = client.refresh('r', { previousClaims: result.claims! })
    expect((await refusal(refreshed, 'id_token_invalid')).claim).toBe('iss')
  })

  it('refuses a document whose issuer is not the template', async () => {
    const { documents, ...served } = several('organizations')
    const [[url, document]] = Object.entries(documents ?? {}) as [[string, object]]
    const provider = await start({ ...served, documents: { [url]: { ...document, issuer: issuerOf(THEIRS) } } })
    await refusal(pageWith(provider, entra({ tenants: [OURS] })).client.signIn(), 'issuer_mismatch')
  })

  it.each([[], ['common'], [OURS, 'contoso.com'], [undefined]])('refuses the list %s', async (...tenants) => {
    await refusal(() => entra({ tenants: tenants as string[] }), 'config_invalid')
  })

  it('has a long name for every tenant, and still compares issuer and tid', async () => {
    const entry = entraWithUsersOfAnyTenant('organizations')
    const provider = await start(several('organizations', { ...CLAIMS, iss: issuerOf(THEIRS), tid: THEIRS }))
    expect((await pageWith(provider, entry).client.signIn())?.claims?.iss).toBe(issuerOf(THEIRS))
    for (const claims of [
      { iss: issuerOf(THEIRS), tid: OURS },
      { iss: issuerOf('{tenantid}'), tid: '{tenantid}' },
    ]) {
      provider.serve({ claims: { ...CLAIMS, ...claims } })
      await refusal(pageWith(provider, entry).client.signIn(), 'id_token_invalid')
    }
  })

  it('is one client in storage, whichever tenants are in the list', () => {
    const config = { clientId: 'app', redirectUri: 'https://app.example/cb' }
    createClient({ ...entra({ tenants: [OURS] }), ...config })
    expect(entra({ tenants: [OURS] }).issuer).toBe(documentAt('entra/metadata-common-v2.json').issuer)
  })
})

describe('entraB2c', () => {
  const options = { tenant: 'tenantname', tenantId: OURS, policy: 'policy' }
  const document = documentAt('entra-b2c/metadata-b2clogin.json')
  const { aud, exp, iat, nbf, auth_time, ...claims } = jsonAt('entra-b2c/id-token-claims.json')
  const { id_token, ...token } = jsonAt('entra-b2c/token-response-without-access-token.json')['body'] as Record<
    string,
    unknown
  >
  const served: Served = {
    documents: { [`https://tenantname.b2clogin.com/${OURS}/policy/v2.0/.well-known/openid-configuration`]: document },
    tokenEndpoint: document.token_endpoint,
    jwksUri: `${document.jwks_uri}`,
    claims: { ...claims, tfp: 'policy' },
    token: { ...token, access_token: undefined },
  }

  it('has the issuer of the document and of the claims', () => {
    expect([entraB2c(options).issuer, claims['iss']]).toEqual([document.issuer, document.issuer])
  })

  it('signs in with an ID token alone; an access token is asked for in vain', async () => {
    const provider = await start(served)
    const { client } = pageWith(provider, entraB2c(options), true)
    const result = await client.signIn({ scope: 'openid offline_access' })
    expect(result).toMatchObject({ claims: { sub: claims['sub'] }, tokens: { accessToken: '' } })
    const { getAccessToken } = client as unknown as { getAccessToken(): Promise<string> }
    await refusal(getAccessToken(), 'interaction_required')
    expect((await signInAtServer(provider, entraB2c(options))).result.tokens.accessToken).toBe('')
  })

  it('refuses it if a scope of an API was requested, without an ID token, and without the entry', async () => {
    const provider = await start(served)
    const { client } = pageWith(provider, entraB2c(options))
    const error = await refusal(client.signIn({ scope: 'openid https://t.example/api/read' }), 'token_response_invalid')
    expect(error.message).toContain('access_token is missing')
    await refusal(client.signIn({ scope: 'openid app' }), 'token_response_invalid')
    const plain = { issuer: document.issuer, metadata: document }
    await refusal(pageWith(provider, plain).client.signIn(), 'token_response_invalid')
    provider.serve({ claims: undefined })
    await refusal(client.signIn(), 'token_response_invalid')
  })

  it('takes an access token where there is one', async () => {
    const provider = await start({ ...served, token: { access_token: 'a', token_type: 'Bearer' } })
    await expect(pageWith(provider, entraB2c(options)).client.signIn()).resolves.toHaveProperty(
      'tokens.accessToken',
      'a',
    )
  })

  it.each([{ tfp: 'POLICY' }, { tfp: undefined, acr: 'policy' }])('accepts the policy %o', async (named) => {
    const provider = await start({ ...served, claims: { ...claims, ...named } })
    await expect(pageWith(provider, entraB2c(options)).client.signIn()).resolves.toBeDefined()
  })

  it.each([
    { tfp: 'B2C_1_password_reset' },
    { tfp: undefined },
    { tfp: undefined, acr: 'other' },
    { tfp: 'other', acr: 'policy' },
    { tfp: ['policy', 'other'] },
    { tfp: 'policy2' },
  ])('refuses the token of another policy: %o', async (named) => {
    const provider = await start({ ...served, claims: { ...claims, ...named } })
    const error = await refusal(pageWith(provider, entraB2c(options)).client.signIn(), 'id_token_invalid')
    expect(error.message).toContain('its tfp or acr is not the policy policy')
    await refusal(signInAtServer(provider, entraB2c(options)), 'id_token_invalid')
  })

  it('refuses a document with another issuer', async () => {
    const [url = ''] = Object.keys(served.documents ?? {})
    const provider = await start({ ...served, documents: { [url]: documentAt('entra-b2c/metadata.json') } })
    await refusal(pageWith(provider, entraB2c(options)).client.signIn(), 'issuer_mismatch')
  })

  it('names what is wrong with its options', async () => {
    await refusal(() => entraB2c({ ...options, tenantId: 'tenantname.onmicrosoft.com' }), 'config_invalid')
    await refusal(() => entraB2c({ ...options, domain: 'https://login.example.com' }), 'config_invalid')
    expect(entraB2c({ ...options, domain: 'login.example.com' }).issuer).toBe(`https://login.example.com/${OURS}/v2.0/`)
  })
})
