import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { beginAuthorization, checkMetadata, discover } from '../../src/protocol.js'
import { defineProvider, entra, linkedin, type ProviderDefinition } from '../../src/providers.js'
import { refusal } from '../helpers/refusal.js'
import { createApp } from './fixtures.js'

const named = { name: 'Example', reason: 'For a test.' }
const base = { issuer: 'https://as.example', clientId: 'app', redirectUri: 'https://app.example/cb' }
const document = {
  issuer: 'https://as.example',
  authorization_endpoint: 'https://as.example/authorize',
  token_endpoint: 'https://as.example/token',
}

describe('a definition', () => {
  const WRONG: Record<string, object> = {
    'no name': { name: '' },
    'no reason': { reason: undefined },
    'an unknown member': { skipNonce: true },
    'a boolean where a check is weakened': { nonceNotReturned: true },
    'another text there': { nonceNotReturned: 'yes' },
    'true for the token type': { impliedTokenType: true },
    'another token type': { impliedTokenType: 'dpop' },
    'true for a lone ID token': { idTokenAlone: true },
    'an issuer in corrected metadata': { correctedMetadata: { issuer: 'https://evil.example' } },
    'an issuer in missing metadata': { missingMetadata: { issuer: 'https://evil.example' } },
    'a text as check': { checkClaims: 'tfp' },
    'a relative URL': { metadataBase: '/policy' },
    'an empty reason for servers': { serverOnly: '' },
  }
  it.each(Object.entries(WRONG))('with %s is refused', async (_, wrong) => {
    await refusal(() => defineProvider({ ...named, ...wrong } as ProviderDefinition), 'config_invalid')
  })

  it('that says nothing changes nothing', async () => {
    const { client } = createApp({}, { provider: defineProvider(named) })
    await expect(client.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('adds a check to all others and replaces none', async () => {
    const provider = defineProvider({ ...named, checkClaims: () => undefined, issuerOf: () => 'https://as.example' })
    for (const claims of [{ nonce: 'x' }, { aud: 'other' }, { iss: 'https://evil.example' }, { exp: 1 }, { sub: '' }])
      await refusal(createApp({ claims }, { provider }).client.signIn(), 'id_token_invalid')
  })

  it('cannot be changed', () => {
    const provider = defineProvider(named)
    expect(() => Object.assign(provider, { metadataBase: 'https://evil.example' })).toThrow(TypeError)
  })

  it('is read once: what is added afterwards weakens no check', async () => {
    const late: Record<string, unknown> = { ...named }
    const provider = defineProvider(late as unknown as ProviderDefinition)
    late['nonceNotReturned'] = 'only PKCE protects the code'
    let reads = 0
    const inTurn = Object.defineProperty({ ...named }, 'nonceNotReturned', {
      enumerable: true,
      get: () => (reads++ ? 'only PKCE protects the code' : undefined),
    })
    for (const one of [provider, defineProvider(inTurn)])
      await refusal(createApp({ claims: { nonce: undefined } }, { provider: one }).client.signIn(), 'id_token_invalid')
  })

  it('says before the user leaves what prevents a sign-in', async () => {
    const problems = () => ['scope: must have read']
    const server = checkMetadata(document as never, document.issuer)
    const provider = defineProvider({ ...named, problems })
    expect((await refusal(() => createClient({ ...base, provider }), 'config_invalid')).message).toContain(
      'must have read',
    )
    await refusal(beginAuthorization(server, { ...base, provider }), 'config_invalid')
  })

  it('for servers is refused elsewhere, with its reason', async () => {
    const provider = defineProvider({ ...named, serverOnly: 'It needs a secret.' })
    const error = await refusal(() => createClient({ ...base, provider: provider as never }), 'config_invalid')
    expect(error.message).toContain('Example is for createServerClient only. It needs a secret.')
  })
})

describe('what no definition made', () => {
  it.each<[string, object]>([
    ['a bare object', { nonceNotReturned: 'only PKCE protects the code' }],
    ['a copy', { ...entra({ tenant: '11111111-1111-1111-1111-111111111111' }).provider }],
    ['a changed copy', { ...linkedin().provider, name: 'Other' }],
    ['a boolean', true as never],
  ])('is refused: %s', async (_, provider) => {
    const error = await refusal(() => createClient({ ...base, provider: provider as never }), 'config_invalid')
    expect(error.message).toContain('defineProvider')
  })
})

describe('metadata', () => {
  const load = (definition: Partial<ProviderDefinition>, served: object) =>
    discover(base.issuer, {
      provider: defineProvider({ ...named, ...definition }),
      fetch: async () => Response.json(served),
    })

  it('is completed where it lacks a member, and corrected where it is wrong', async () => {
    const missingMetadata = {
      end_session_endpoint: 'https://as.example/out',
      token_endpoint: 'https://other.example/token',
    }
    const correctedMetadata = { response_types_supported: ['code'] }
    const found = await load(
      { missingMetadata, correctedMetadata },
      { ...document, response_types_supported: ['id_token'] },
    )
    expect(found).toEqual({
      ...document,
      end_session_endpoint: 'https://as.example/out',
      response_types_supported: ['code'],
    })
  })

  it('is checked afterwards like any other', async () => {
    await refusal(
      load({ correctedMetadata: { token_endpoint: 'http://as.example/token' } }, document),
      'endpoint_refused',
    )
    await refusal(
      load({ correctedMetadata: { code_challenge_methods_supported: ['plain'] } }, document),
      'pkce_unsupported',
    )
    await refusal(load({}, { ...document, issuer: 'https://evil.example' }), 'issuer_mismatch')
    const correctedMetadata: Record<string, string> = {}
    const provider = defineProvider({ ...named, correctedMetadata })
    correctedMetadata['issuer'] = base.issuer
    const fetch = async () => Response.json({ ...document, issuer: 'https://evil.example' })
    await refusal(discover(base.issuer, { provider, fetch }), 'issuer_mismatch')
    await refusal(load({ metadataBase: 'http://as.example' }, document), 'endpoint_refused')
  })
})
