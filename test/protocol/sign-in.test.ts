import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  checkIdTokenSignature,
  completeAuthorization,
  discover,
} from '../../src/protocol.js'
import { createPerson } from '../helpers/person.js'

const redirectUri = 'http://localhost:5173/callback'
const insecure = allowInsecureLoopback
let running: RunningProvider

beforeAll(async () => {
  running = await startProvider(browserClient('spa', [redirectUri]))
})
afterAll(() => running.close())

describe('a sign-in on a real authorization server', () => {
  it('goes from discovery to checked claims', async () => {
    const server = await discover(running.issuer, { insecure })
    const { url, transaction } = await beginAuthorization(server, {
      clientId: 'spa',
      redirectUri,
      scope: 'openid profile',
      insecure,
    })
    const callback = await createPerson('ada').travel(url, redirectUri)
    const { tokens, claims } = await completeAuthorization(transaction, callback, {
      insecure,
      signature: checkIdTokenSignature,
    })
    expect(claims).toMatchObject({ iss: running.issuer, aud: 'spa', sub: 'ada', name: 'ada' })
    expect(tokens).toMatchObject({ tokenType: 'bearer', scope: 'openid profile' })
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now())
  })
})
