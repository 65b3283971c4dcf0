import fc from 'fast-check'
import { EXCHANGE_HEADER } from '../../../src/protocol/token/exchange-at.js'
import { clientSecretBasic, createServerClient, memoryVault, type ServerMetadata } from '../../../src/server.js'
import { hostileText } from '../arbitraries.js'
import { mutatedJson } from '../json.js'
import { signer } from '../jwt.js'
import { fuzzTarget } from '../target.js'
import { CLIENT_ID, honestClaims, ISSUER, NONCE, VERIFIER } from '../token-endpoint.js'
import { must } from '../verdict.js'

const ORIGIN = 'https://app.example'
const redirectUri = `${ORIGIN}/callback`
const CODE = 'the-code'
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  id_token_signing_alg_values_supported: ['ES256'],
} as ServerMetadata

/** What the token endpoint was asked, and what it says: an honest answer, of a sign-in by `acr` gold and long ago. */
const asked: URLSearchParams[] = []
const fetch = async (_: RequestInfo | URL, init: RequestInit = {}) => {
  asked.push(new URLSearchParams(init.body as URLSearchParams))
  const id_token = signer.sign({ ...honestClaims(), auth_time: 1 })
  return Response.json({ access_token: 'access', token_type: 'Bearer', expires_in: 60, scope: 'openid', id_token })
}
const client = (requirements: object) =>
  createServerClient({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    clientAuth: clientSecretBasic('secret'),
    redirectUri,
    metadata,
    scope: 'openid',
    vault: memoryVault({ maxRecords: 10 }),
    fetch,
    ...requirements,
  })
/** Each demands what the answer does not give; but for the first. */
const CLIENTS = {
  nothing: client({}),
  acr: client({ acrValues: 'platinum' }),
  age: client({ maxAgeSeconds: 60 }),
  scope: client({ requiredScope: 'pay' }),
}

const body = mutatedJson(
  { code: CODE, codeVerifier: VERIFIER, redirectUri, requiredScope: 'openid', idToken: { nonce: NONCE } },
  {
    known: [
      '{"nonce":null}',
      `{"nonce":"${NONCE}","required":false}`,
      '{"maxAgeSeconds":1e9,"requestedAtMs":1}',
      '"platinum"',
    ].concat([
      '{"acrValues":"gold","acr":"platinum"}',
      '"https://evil.example/"',
      `"${'v'.repeat(43)}"`,
      '{"required":false}',
    ]),
    names: ['scope', 'resource', 'clientId', 'server', 'startedAtMs', 'requestedAtMs', 'maxAgeSeconds', 'acrValues'],
  },
)
const rarely = <T>(honest: T, ...others: T[]) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(honest) }, { weight: 2, arbitrary: fc.constantFrom(...others) })

export const exchangeBodies = fuzzTarget({
  name: 'exchange-bodies',
  arbitrary: fc.record({
    body,
    demands: fc.constantFrom(...(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])),
    method: rarely('POST', 'GET', 'PUT'),
    type: rarely('application/json', 'text/plain', 'application/json;charset=x', 'application/x-www-form-urlencoded'),
    origin: rarely<string | undefined>(ORIGIN, undefined, 'null', 'https://evil.example', `${ORIGIN}.evil.example`),
    site: rarely<string | undefined>('same-origin', undefined, 'cross-site', 'same-site', 'none'),
    header: fc.oneof({ weight: 20, arbitrary: fc.constant('exchange') }, hostileText.filter(isHeaderValue)),
  }),
  async property({ body, demands, method, type, origin, site, header }) {
    const headers = new Headers({ 'content-type': type, [EXCHANGE_HEADER]: header })
    if (origin) headers.set('origin', origin)
    if (site) headers.set('sec-fetch-site', site)
    const init = method === 'GET' ? { method, headers } : { method, headers, body }
    asked.length = 0
    const response = await CLIENTS[demands].handleExchange(
      new Request(`${ORIGIN}/exchange`, init),
      () => new Response('done'),
    )
    const text = await response.text()
    must([200, 400, 403, 503].includes(response.status), 'another status', response.status)
    must(asked.length <= 1, 'more than one request')
    if (asked[0]) {
      // Fetch Metadata decides where it is there, and `Origin` where it is not.
      const ours = site === undefined ? origin === undefined || origin === ORIGIN : site === 'same-origin'
      must(method === 'POST' && ours, 'served another origin', origin, site)
      const { code, codeVerifier } = JSON.parse(body)
      must(
        asked[0].get('code') === Buffer.from(code).toString() && asked[0].get('code_verifier') === codeVerifier,
        'sent something else',
      )
      must(asked[0].get('redirect_uri') === redirectUri, 'another redirect URI')
    }
    if (response.status === 200)
      must(text === 'done' && demands === 'nothing' && asked[0], 'granted in spite of', demands)
    else must(typeof JSON.parse(text).code === 'string', 'no error that exchangeAt understands', text)
    must(!text.includes('secret') && !text.includes(VERIFIER), 'tells a secret', text)
  },
})

function isHeaderValue(text: string): boolean {
  try {
    return new Headers({ x: text }).has('x')
  } catch {
    return false
  }
}
