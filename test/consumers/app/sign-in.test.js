/** For Jest in its default configuration, where every file is CommonJS. */
const { isProofkeyError, ProofkeyError } = require('proofkey')
const server = require('proofkey/server')

const NAVIGATION = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const { issuer, redirectUri, person, secret } = JSON.parse(process.env.SETUP)

const auth = server.createServerClient({
  ...{ issuer, redirectUri, scope: 'openid', insecure: server.allowInsecureLoopback },
  ...{ clientId: 'client_secret_basic', clientAuth: server.clientSecretBasic(secret) },
  vault: server.sealedCookie({ keys: [{ id: 'one', secret: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I' }] }),
})

test('a person signs in', async () => {
  const start = await auth.signIn(new Request(new URL('/sign-in', redirectUri), { headers: NAVIGATION }))
  const callback = await fetch(person, { method: 'POST', body: start.headers.get('location') })
  const [cookie] = start.headers.getSetCookie()[0].split(';')
  const { claims } = await auth.handleCallback(
    new Request(await callback.text(), { headers: { ...NAVIGATION, cookie } }),
  )
  expect(claims.sub).toBe('ada')
})

test('every entry loads, and shares one class of errors', () => {
  for (const entry of ['protocol', 'server', 'resource-server', 'mcp', 'native', 'node', 'providers', 'audit'])
    expect(require(`proofkey/${entry}`).ProofkeyError).toBe(ProofkeyError)
  expect(__filename.endsWith('.js') && require.resolve('proofkey')).toMatch(/\.cjs$/)
  expect(() => server.clientSecretBasic('')).toThrow(ProofkeyError)
  let error
  try {
    server.clientSecretBasic('')
  } catch (thrown) {
    error = thrown
  }
  expect(isProofkeyError(error) && error.code).toBe('config_invalid')
})

test('undici is loaded without import()', async () => {
  const { undiciFetch } = require('proofkey/node')
  const response = await undiciFetch()(`${issuer}/.well-known/openid-configuration`)
  expect(response.status).toBe(200)
})
