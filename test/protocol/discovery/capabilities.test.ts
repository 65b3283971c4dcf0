import { describe, expect, it } from 'vitest'
import { checkGrantType } from '../../../src/protocol/discovery/capabilities.js'
import { checkCapabilities, type Needs, type ServerMetadata } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const server = (more: object) => ({ issuer: 'https://as.example', ...more }) as ServerMetadata

describe('checkCapabilities', () => {
  it.each<[object, Needs, RegExp, RegExp]>([
    [
      { require_pushed_authorization_requests: true },
      {},
      /require_pushed_authorization_requests set/,
      /par: pushed\(\)/,
    ],
    [{ require_signed_request_object: true }, {}, /require_signed_request_object/, /^Turn it off on the server\.$/],
    [{ require_signed_request_object: true }, { par: true }, /require_signed_request_object/, /^Turn it off/],
    [{ response_types_supported: ['id_token'] }, {}, /response_types_supported without code/, /server/],
    [{ grant_types_supported: ['implicit'] }, {}, /grant_types_supported without authorization_code/, /server/],
    [{ response_modes_supported: ['query'] }, { responseMode: 'form_post' }, /without form_post/, /option/],
    [{ prompt_values_supported: ['login'] }, { prompt: 'none' }, /without none/, /option/],
    [{ prompt_values_supported: ['login'] }, { prompt: 'login consent' }, /without consent/, /option/],
    [{ dpop_signing_alg_values_supported: ['RS256'] }, { dpop: {} }, /without ES256/, /option/],
  ])('names what the server says and the repair: %o, %o', async (metadata, needs, message, hint) => {
    const error = await refusal(() => checkCapabilities(server(metadata), needs), 'not_supported')
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
  })

  it.each<[object, Needs]>([
    [{}, { responseMode: 'form_post', prompt: 'none', dpop: {} }],
    [{ require_pushed_authorization_requests: true }, { par: true }],
    [{ require_pushed_authorization_requests: 'true' }, {}],
    [{ response_types_supported: [], grant_types_supported: null, response_modes_supported: 'query' }, { prompt: 'x' }],
    [{ response_modes_supported: ['query', 'form_post'] }, { responseMode: 'form_post' }],
    [{ response_types_supported: ['code'], prompt_values_supported: ['none'] }, {}],
    [{ dpop_signing_alg_values_supported: ['ES256'] }, { dpop: {} }],
    [{ dpop_signing_alg_values_supported: ['RS256'] }, {}],
  ])('lets pass what the server does not rule out: %o, %o', (metadata, needs) => {
    expect(() => checkCapabilities(server(metadata), needs)).not.toThrow()
  })
})

describe('checkGrantType', () => {
  it.each<[object, object, string]>([
    [{ grant_types_supported: ['authorization_code'] }, {}, 'grant_types_supported without client_credentials'],
    [{ dpop_signing_alg_values_supported: ['RS256'] }, { dpop: {} }, 'without ES256'],
  ])('names what the server says: %o, %o', async (metadata, needs, message) => {
    const check = () => checkGrantType(server(metadata), 'client_credentials', needs)
    expect((await refusal(check, 'not_supported')).message).toContain(message)
  })

  it.each<[object, object]>([
    [{}, { dpop: {} }],
    [{ grant_types_supported: ['client_credentials'] }, {}],
    [{ dpop_signing_alg_values_supported: ['RS256'] }, {}],
  ])('lets pass what the server does not rule out: %o, %o', (metadata, needs) => {
    expect(() => checkGrantType(server(metadata), 'client_credentials', needs)).not.toThrow()
  })
})
