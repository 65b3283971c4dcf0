import { describe, expect, it } from 'vitest'
import {
  createServiceClient,
  createSigningKey,
  fapi2,
  privateKeyJwt,
  pushed,
  TOKEN_TYPES,
} from '../../../src/server.js'
import { ownDpop } from '../../helpers/fapi-app.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'

async function setUp() {
  const own = { issuer, clientId: 'orders', fetch: async () => Response.json(metadata) }
  const { privateKey } = await createSigningKey()
  const clientAuth = privateKeyJwt(privateKey)
  return { own, clientAuth, profile: fapi2({ clientAuth, senderConstrained: ownDpop() }) }
}
/** Of a server that is no server of the profile. */
const metadata = { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` }

describe('a service with fapi2()', () => {
  it('cannot replace what was decided', async () => {
    const { own, profile, clientAuth } = await setUp()
    const replaced = { ...clientAuth }
    for (const later of [{ dpop: undefined }, { par: pushed() }, { clientAuth: replaced }, { metadata }])
      await refusal(() => createServiceClient({ ...profile, ...own, ...later } as never), 'config_invalid')
  })

  it.each(['metadata', 'provider', 'insecure', 'exchange', 'onPrompt'])('cannot be weakened by %s', async (name) => {
    const { profile } = await setUp()
    expect(profile.profile.problems({ ...profile, [name]: () => {} })).toEqual([
      `${name}: is not possible with fapi2()`,
    ])
    expect(profile.profile.problems(profile)).toEqual([])
  })

  it('sends no token request to a server that lacks something of the profile, and did so without it', async () => {
    const { own, profile, clientAuth } = await setUp()
    const request = { subjectToken: 'token', subjectTokenType: TOKEN_TYPES.accessToken }
    const service = createServiceClient({ ...profile, ...own })
    await refusal(service.getAccessToken(), 'not_supported')
    await refusal(service.exchange(request), 'not_supported')
    await refusal(createServiceClient({ ...own, clientAuth }).getAccessToken(), 'token_response_invalid')
  })
})
