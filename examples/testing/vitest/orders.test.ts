import { afterEach, beforeEach, expect, test } from 'vitest'
// In an app of yours: from 'proofkey/testing'.
import { type FakeSession, fakeSession } from '../../../src/testing.js'
import { API, loadOrders } from '../app.js'

let fake: FakeSession
beforeEach(async () => {
  fake = await fakeSession({
    claims: { sub: 'ada', name: 'Ada' },
    scope: 'openid orders',
    api: (_, grant) => Response.json([`for ${grant?.user.sub}`]),
    config: { apis: { [API]: {} } },
  })
})
afterEach(() => fake.close())

test('shows the orders of the user', async () => {
  expect(await loadOrders(fake.auth)).toBe('["for ada"]')
  await fake.signInAs({ sub: 'bob' })
  expect(await loadOrders(fake.auth)).toBe('["for bob"]')
})

test('refreshes without being noticed', async () => {
  await fake.expireAccessTokens()
  expect(await loadOrders(fake.auth)).toBe('["for ada"]')
})

test('asks to sign in when the session is over', async () => {
  await fake.refuseRefresh()
  expect(await loadOrders(fake.auth)).toBe('Please sign in.')
})

test('says that it is offline', async () => {
  fake.goOffline()
  await fake.expireAccessTokens()
  expect(await loadOrders(fake.auth)).toBe('You are offline.')
})

test('asks for a second factor, once', async () => {
  fake.requireStepUp({ acrValues: 'mfa' })
  expect(await loadOrders(fake.auth)).toBe('Please confirm with your second factor.')
  await fake.auth.signIn({ acrValues: 'mfa' })
  expect(await loadOrders(fake.auth)).toBe('["for ada"]')
})
