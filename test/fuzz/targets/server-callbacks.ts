import fc from 'fast-check'
import { createServerClient, memoryVault, none, type ServerMetadata, sealedCookie } from '../../../src/server.js'
import { around, hostileText } from '../arbitraries.js'
import { fuzzTarget } from '../target.js'
import { CLIENT_ID, ISSUER } from '../token-endpoint.js'
import { must, parsed, verdict } from '../verdict.js'

const ORIGIN = 'https://app.example'
const keys = [{ id: 'k', secret: Buffer.alloc(32, 7).toString('base64') }]
const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
} as ServerMetadata

const asked: URLSearchParams[] = []
const fetch = async (_: RequestInfo | URL, init: RequestInit = {}) => {
  asked.push(new URLSearchParams(init.body as URLSearchParams))
  return Response.json({ access_token: 'access', token_type: 'Bearer' })
}
const common = {
  issuer: ISSUER,
  clientId: CLIENT_ID,
  redirectUri: `${ORIGIN}/callback`,
  metadata,
  fetch,
  clientAuth: none(),
}
const CLIENTS = {
  cookie: createServerClient({ ...common, vault: sealedCookie({ keys }), lifetimeSeconds: 36_000 }),
  memory: createServerClient({ ...common, vault: memoryVault({ maxRecords: 10 }), lifetimeSeconds: 36_000 }),
}

/** A sign-in that waits: the browser's cookies and its `state`. Made anew once it is spent. */
async function begin(client: keyof typeof CLIENTS) {
  const response = await CLIENTS[client].signIn(new Request(`${ORIGIN}/login`))
  const cookie = response.headers
    .getSetCookie()
    .map((value) => value.split(';')[0])
    .join('; ')
  return { cookie, state: new URL(response.headers.get('location') ?? '').searchParams.get('state') ?? '' }
}
const waiting = { cookie: await begin('cookie'), memory: await begin('memory') }

/** `STATE` stands for the state that waits: it is not known when the input is made. */
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('the-code', 'STATE', encodeURIComponent(ISSUER), '1700000000000', 'access_denied'),
  },
  { weight: 1, arbitrary: around('STATE', 'x', '1') },
  { weight: 1, arbitrary: hostileText },
)
const parameter = fc
  .tuple(fc.constantFrom('code', 'state', 'iss', 'error', 'error_description', 'id_token', 'x'), value)
  .map((pair) => pair.join('='))
const query = fc.oneof(
  fc.array(parameter, { maxLength: 5 }),
  fc.array(parameter, { maxLength: 2 }).map((more) => ['code=the-code', 'state=STATE', ...more]),
)
const cookie = fc.oneof(
  { weight: 8, arbitrary: fc.constant('COOKIE') },
  { weight: 2, arbitrary: around('COOKIE', '; ', '__Host-Http-proofkey.', 'STATE', '=') },
)

export const serverCallbacks = fuzzTarget({
  name: 'server-callbacks',
  arbitrary: fc.record({
    vault: fc.constantFrom('cookie' as const, 'memory' as const),
    path: fc.oneof({ weight: 9, arbitrary: fc.constant('/callback') }, around('/callback', '/')),
    query,
    cookie,
    method: fc.oneof({ weight: 20, arbitrary: fc.constant('GET') }, fc.constantFrom('POST', 'HEAD')),
  }),
  async property({ vault, path, query, cookie, method }) {
    const { cookie: kept, state } = waiting[vault]
    const fill = (text: string) => text.replaceAll('STATE', state).replaceAll('COOKIE', kept)
    const text = `${ORIGIN}/${path.replace(/^\//, '')}?${fill(query.join('&'))}`
    if (!parsed(text)) return
    const headers = new Headers()
    try {
      headers.set('cookie', fill(cookie))
    } catch {
      return
    }
    const request = new Request(text, { method, headers })
    asked.length = 0
    const result = await verdict(() => CLIENTS[vault].handleCallback(request))
    const parameters = new URL(request.url).searchParams
    const right = parameters.getAll('state').length === 1 && parameters.get('state') === state
    must(asked.length <= 1, 'more than one request')
    if (asked.length)
      must(right && asked[0]?.get('code') === parameters.get('code'), 'a code of another sign-in', request.url)
    if ('given' in result) {
      must(
        asked.length === 1 && method === 'GET' && new URL(request.url).pathname === '/callback',
        'signed in',
        request.url,
      )
      must(
        result.given.tokens.accessToken === 'access' && result.given.returnTo === '/',
        'another result',
        result.given,
      )
    }
    if (vault === 'memory' && parameters.get('state') === state) waiting.memory = await begin('memory')
  },
})
