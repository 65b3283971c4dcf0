import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import { allowInsecureLoopback, createSessionClient } from '../../src/index.js'
import { createPerson } from '../helpers/person.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const redirectUri = 'https://app.example/callback'
let running: RunningProvider
beforeAll(async () => {
  globalThis.indexedDB = new IDBFactory()
  const base = browserClient('spa', [redirectUri])
  running = await startProvider({
    ...base,
    clients: [{ ...base.clients![0]!, grant_types: ['authorization_code', 'refresh_token'] }],
    // Its own default: a refresh token comes with offline_access, which takes prompt=consent (OpenID Connect Core §11).
    scopes: ['openid', 'offline_access'],
  })
})
afterAll(() => running.close())

it('a second sign-in that brings no refresh token leaves the session with the first one’s', async () => {
  const person = createPerson()
  const userAgent = travelBy((url) => person.travel(url, redirectUri))
  const auth = createSessionClient({
    issuer: running.issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid offline_access',
    insecure: allowInsecureLoopback,
    userAgent,
  })
  const first = await auth.signIn({ prompt: 'consent' })
  expect(first?.tokens.refreshToken).toBeDefined()
  await auth.getAccessToken({ scope: 'openid' })
  const second = await auth.signIn({ maxAgeSeconds: 1000 })
  expect(second?.tokens.refreshToken).toBeUndefined()
  expect(await auth.getAccessToken({ scope: 'openid offline_access' })).toMatch(/./)
  expect(auth.session?.claims?.nonce).toBe(second?.claims?.nonce)
  auth.close()
})
