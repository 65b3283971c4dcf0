import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as errors from '../src/errors.js'
import { createApiFetch, createClient, createSessionClient, memoryVault } from '../src/index.js'
import { defineProvider } from '../src/providers.js'
import { accessTokensWithoutStandardType, createResourceServer } from '../src/resource-server.js'
import { fapi2, privateKeyJwt } from '../src/server.js'

const config = {
  issuer: 'https://login.example',
  clientId: 'app',
  redirectUri: 'https://app.example/callback',
  vault: memoryVault(),
}
const provider = { name: 'Example', reason: 'It is one.' }
const distinguishedBy = { claim: 'scp' }

/** The same package, loaded once more. */
let other: {
  errors: typeof errors
  index: typeof import('../src/index.js')
  protocol: typeof import('../src/protocol.js')
  providers: typeof import('../src/providers.js')
  api: typeof import('../src/resource-server.js')
}
beforeAll(async () => {
  vi.resetModules()
  other = {
    errors: await import('../src/errors.js'),
    index: await import('../src/index.js'),
    protocol: await import('../src/protocol.js'),
    providers: await import('../src/providers.js'),
    api: await import('../src/resource-server.js'),
  }
})

/** What one copy has checked, the other one cannot tell from a forgery: it refuses it, and says why. */
describe('of two copies of the package, one refuses what the other made, and names the copies:', () => {
  it('a session client', () => {
    expect(() => createApiFetch(createSessionClient(config))).not.toThrow()
    expect(() => createApiFetch(other.index.createSessionClient(config))).toThrow(/two copies of proofkey/)
    expect(() => createApiFetch(new Proxy(createSessionClient(config), {}))).toThrow(/not a copy or proxy of it/)
    expect(() => createApiFetch({ ...createSessionClient(config) })).toThrow(/not a copy or proxy of it/)
  })

  it('a provider', () => {
    const own = defineProvider(provider)
    expect(() => createClient({ ...config, provider: own })).not.toThrow()
    for (const forged of [other.providers.defineProvider(provider), { ...own }])
      expect(() => createClient({ ...config, provider: forged })).toThrow(/defineProvider of the same copy of proofkey/)
  })

  it('the client authentication of a profile', async () => {
    const { privateKey: key } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
    const senderConstrained = other.protocol.createDpop(other.protocol.createSigningKey)
    expect(() => fapi2({ senderConstrained, clientAuth: privateKeyJwt(key) })).not.toThrow()
    const foreign = other.protocol.privateKeyJwt(key)
    expect(() => fapi2({ senderConstrained, clientAuth: foreign })).toThrow(/same copy of proofkey/)
  })

  it('a form of access tokens', () => {
    const api = { issuer: 'https://login.example', audience: 'https://api.example' }
    const own = accessTokensWithoutStandardType({ distinguishedBy })
    expect(() => createResourceServer({ ...api, accessTokens: own })).not.toThrow()
    for (const forged of [other.api.accessTokensWithoutStandardType({ distinguishedBy }), { ...own }])
      expect(() => createResourceServer({ ...api, accessTokens: forged })).toThrow(/same copy of proofkey/)
  })
})

it('revealServerError says that another copy knows the text, and shows no more than the error', () => {
  const secrets = ['s3cr3t-of-the-request']
  const refusal = (copy: typeof errors) =>
    copy.oauthRefusal('token_request_refused', { error: 'invalid_grant', error_description: `bad ${secrets}` }, secrets)
  expect(errors.revealServerError(refusal(errors))?.description).toBe('bad s3cr3t-of-the-request')
  expect(errors.revealServerError(refusal(other.errors))).toEqual({
    error: 'invalid_grant',
    description: expect.stringMatching(/another copy of proofkey/),
  })
  expect(other.errors.revealServerError(refusal(other.errors))?.description).toBe('bad s3cr3t-of-the-request')
  expect(errors.revealServerError(new other.errors.ProofkeyError('expired', 'Too late.'))).toBeUndefined()
})
