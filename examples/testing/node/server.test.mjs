import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientSecretBasic, createServerClient, sealedCookie } from 'proofkey/server'
import { attacks, createTestServer } from 'proofkey/testing'

const ORIGIN = 'https://app.example.com'
const NAVIGATION = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** A backend with its client at a server in this process, and a browser that signs in there. */
function startApp() {
  const server = createTestServer({ clients: { app: { redirectUris: [`${ORIGIN}/callback`], secret: 'for-tests' } } })
  const auth = createServerClient({
    issuer: server.issuer,
    fetch: server.fetch,
    clientId: 'app',
    clientAuth: clientSecretBasic('for-tests'),
    redirectUri: `${ORIGIN}/callback`,
    scope: 'openid',
    vault: sealedCookie({ keys: [{ id: 'one', secret: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I' }] }),
  })
  async function signIn() {
    const start = await auth.signIn(new Request(`${ORIGIN}/sign-in`, { headers: NAVIGATION }))
    const callback = await server.visit(start.headers.get('location'))
    const [cookie] = start.headers.getSetCookie()[0].split(';')
    return auth.handleCallback(new Request(callback, { headers: { ...NAVIGATION, cookie } }))
  }
  return { server, signIn }
}

test('signs a user in', async () => {
  const { server, signIn } = startApp()
  server.approve({ sub: 'bob' })
  const { claims } = await signIn()
  assert.equal(claims.sub, 'bob')
})

// By default a client trusts the TLS connection to the token endpoint for the signature.
for (const name of Object.keys(attacks).filter((name) => name !== 'forged_signature'))
  test(`refuses the attack ${name}`, async () => {
    const { server, signIn } = startApp()
    server.attack(name)
    await assert.rejects(signIn(), ({ code }) => code === attacks[name].refusedWith)
  })
