import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createApiFetch } from 'proofkey'
import { fakeSession } from 'proofkey/testing'

const API = 'https://api.example.com'
/** The code under test takes the client of the app. */
const loadOrders = async (auth) => (await createApiFetch(auth)(`${API}/orders`)).json()

let fake
before(async () => {
  fake = await fakeSession({
    claims: { sub: 'ada' },
    api: (_, grant) => Response.json([grant.user.sub]),
    config: { apis: { [API]: {} } },
  })
})
after(() => fake.close())

test('loads the orders of the user, also after a refresh', async () => {
  assert.deepEqual(await loadOrders(fake.auth), ['ada'])
  await fake.expireAccessTokens()
  assert.deepEqual(await loadOrders(fake.auth), ['ada'])
})

test('has to sign in once the refresh is refused', async () => {
  await fake.refuseRefresh()
  await assert.rejects(loadOrders(fake.auth), { code: 'token_request_refused' })
  await assert.rejects(loadOrders(fake.auth), { code: 'login_required' })
})
