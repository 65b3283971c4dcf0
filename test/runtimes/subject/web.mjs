/** What every runtime has to do, with Web APIs alone. Each check is `[name, function]`; it fails where the function throws. */

import { createSigningKey } from 'proofkey/protocol'
import {
  allowInsecureLoopback,
  checkIdTokenSignature,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  createDpop,
  createServerClient,
  none,
  privateKeyJwt,
  sealedCookie,
} from 'proofkey/server'

const SECRETS = {
  client_secret_basic: clientSecretBasic,
  client_secret_post: clientSecretPost,
  client_secret_jwt: clientSecretJwt,
}
const NAVIGATION = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const keys = [{ id: 'one', secret: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I' }]

export function webChecks(setup) {
  const byKey = setup.keys.map(({ clientId, jwk, keyId }) => [
    `sign-in with ${clientId}`,
    () => signIn(setup, { clientId, clientAuth: privateKeyJwt(jwk, { keyId }) }),
  ])
  return [
    ['sign-in with none', () => signIn(setup, { clientId: 'none', clientAuth: none() })],
    ...Object.entries(SECRETS).map(([clientId, make]) => [
      `sign-in with ${clientId}`,
      () => signIn(setup, { clientId, clientAuth: make(setup.secret) }),
    ]),
    ...byKey,
    ['DPoP', () => signIn(setup, { clientId: 'dpop', clientAuth: none(), dpop: createDpop(oneKey()) })],
    ...['RS256', 'Ed25519'].map((algorithm) => [
      `ID token signature ${algorithm}`,
      () => signIn(setup, { clientId: `signed ${algorithm}`, clientAuth: none(), signature: checkIdTokenSignature }),
    ]),
  ]
}

function oneKey() {
  let key
  return () => (key ??= createSigningKey())
}

/** Signs a person in with the server client, who is played by the process that has started this one. */
export async function signIn({ issuer, redirectUri, person }, config) {
  const insecure = allowInsecureLoopback
  const auth = createServerClient({
    scope: 'openid',
    issuer,
    redirectUri,
    insecure,
    vault: sealedCookie({ keys }),
    ...config,
  })
  const start = await auth.signIn(new Request(new URL('/sign-in', redirectUri), { headers: NAVIGATION }))
  const callback = await fetch(person, { method: 'POST', body: start.headers.get('location') })
  const cookie = start.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const request = new Request(await callback.text(), { headers: { ...NAVIGATION, cookie } })
  const { claims } = await auth.handleCallback(request)
  if (claims?.sub !== 'ada') throw new Error(`signed in as ${claims?.sub}`)
}

/** @returns for each check its name, and the error if it failed */
export async function run(checks) {
  const results = []
  for (const [name, check] of checks) {
    try {
      await check()
      results.push({ name })
    } catch (error) {
      results.push({
        name,
        error: `${error?.code ?? ''} ${`${error?.stack ?? error}`.split('\n').slice(0, 4).join('\n')} ${error?.cause ?? ''} ${JSON.stringify(error?.serverError) ?? ''}`,
      })
    }
  }
  return results
}
