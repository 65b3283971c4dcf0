import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createApiFetch } from 'proofkey'
import { fakeSession } from 'proofkey/testing'

const API = 'https://api.example.com'
/** The code under test takes the client of the app. */
const loadOrders = async (auth) => (await createApiFetch(auth)(`${API}/orders`)).json()

let fake
beforeEach(async () => {
  fake = await fakeSession({
    claims: { sub: 'ada' },
    api: (_, grant) => Response.json([grant.user.sub]),
    config: { apis: { [API]: {} } },
  })
})
afterEach(() => fake.close())

test('loads the orders of the user, also after a refresh', async () => {
  expect(await loadOrders(fake.auth)).toEqual(['ada'])
  await fake.expireAccessTokens()
  expect(await loadOrders(fake.auth)).toEqual(['ada'])
})

test('has to sign in once the session is over', async () => {
  await fake.expire()
  await expect(loadOrders(fake.auth)).rejects.toMatchObject({ code: 'login_required' })
})
