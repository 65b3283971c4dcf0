import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import {
  type AuthorizationDetail,
  type ClientConfig,
  createClient,
  createSessionClient,
  exchangeAt,
  memorySessions,
  memoryVault,
  type ProofkeyEvent,
  pushed,
  richAuthorization,
} from '../../../src/index.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  checkMetadata,
  completeAuthorization,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { createServerClient, none } from '../../../src/server.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'
import { API, createServer } from '../../helpers/server.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'

const redirectUri = 'https://app.example/callback'
const payment = { type: 'payment', amount: { currency: 'EUR', value: '12.00' } }
const accounts = { type: 'accounts', actions: ['read'] }
const rar = richAuthorization()

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

describe('oidc-provider with rich authorization requests', () => {
  let running: RunningProvider
  /** What its policy makes of the requested details, at the sign-in and at a refresh. */
  let policy: (requested: AuthorizationDetail[]) => AuthorizationDetail[]
  let atRefresh: typeof policy
  beforeAll(async () => {
    const type = { validate: () => {} }
    running = await startProvider({
      ...browserClient('spa', [redirectUri]),
      clients: [
        {
          ...{ client_id: 'spa', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
          grant_types: ['authorization_code', 'refresh_token'],
          authorization_details_types: ['payment', 'accounts'],
        },
      ],
      issueRefreshToken: async () => true,
      features: {
        devInteractions: { enabled: true },
        pushedAuthorizationRequests: { enabled: true },
        // It grants details for a resource server only.
        resourceIndicators: {
          enabled: true,
          defaultResource: () => API,
          getResourceServerInfo: () => ({ scope: '', accessTokenFormat: 'opaque' }),
          useGrantedResource: () => true,
        },
        richAuthorizationRequests: {
          enabled: true,
          types: { payment: type, accounts: type },
          authorizationDetailsForGrantSource: (ctx: { oidc: { params: Record<string, string> } }) =>
            policy(JSON.parse(ctx.oidc.params['authorization_details'] ?? '[]')),
          authorizationDetailsForAccessToken: (
            ctx: { oidc: { params: Record<string, string> } },
            _token: unknown,
            source: { rar: AuthorizationDetail[] },
            grantType: string,
          ) => {
            const part = ctx.oidc.params['authorization_details']
            return grantType === 'refresh_token' ? atRefresh(part ? JSON.parse(part) : source.rar) : source.rar
          },
          authorizationDetailsForIntrospection: () => undefined,
        },
      } as never,
    })
  })
  afterAll(() => running.close())
  beforeEach(() => {
    policy = atRefresh = (requested) => requested
  })

  function client(more: Partial<ClientConfig> = {}) {
    const events: ProofkeyEvent[] = []
    const config = { issuer: running.issuer, clientId: 'spa', redirectUri, scope: 'openid offline_access' }
    const auth = createSessionClient({
      ...{ ...config, insecure: allowInsecureLoopback, rar, par: pushed(), prompt: 'consent' },
      authorizationDetails: [payment],
      vault: memoryVault(),
      sessionStore: memorySessions(),
      userAgent: travelBy((url) => createPerson().travel(url, redirectUri)),
      ...(more as object),
    })
    auth.subscribe((event) => events.push(event))
    return { auth, events }
  }

  it('signs in, enriched details included, refreshes, and asks for a part (RFC 9396 §6, §7)', async () => {
    policy = (requested) => requested.map((detail) => ({ ...detail, id: 'tx-1' }))
    const { auth, events } = client({ authorizationDetails: [payment, accounts] })
    const granted = [
      { ...payment, id: 'tx-1' },
      { ...accounts, id: 'tx-1' },
    ]
    const result = await auth.signIn()
    expect(result?.tokens.authorizationDetails).toEqual(granted)
    expect(auth.session?.authorizationDetails).toEqual(granted)
    const { missing, added } = events.find(({ type }) => type === 'authorization_details_changed') as never
    expect({ missing, added }).toEqual({ missing: [], added: ['payment', 'accounts'] })

    await auth.getAccessToken({ fresh: true })
    expect(auth.session?.authorizationDetails).toEqual(granted)
    const part = await auth.getAccessToken({ authorizationDetails: [accounts] })
    expect(part).not.toBe(await auth.getAccessToken())
    expect(await auth.getAccessToken({ authorizationDetails: [accounts] })).toBe(part)
    expect(auth.session?.authorizationDetails).toEqual(granted)
  })

  it('the details of one sign-in replace those of the configuration', async () => {
    const { auth } = client()
    const result = await auth.signIn({ authorizationDetails: [accounts] })
    expect(result?.tokens.authorizationDetails).toEqual([accounts])
  })

  it.each<[string, typeof policy, RegExp]>([
    ['a larger amount', ([first]) => [{ ...first!, amount: { currency: 'EUR', value: '1200.00' } }], /amount\.value/],
    ['nothing', () => [], /payment is missing/],
    ['something else besides', (requested) => [...requested, accounts], /accounts was not requested/],
  ])('a server that grants %s is refused, and was not without the comparison', async (_, bent, message) => {
    policy = bent
    const { auth } = client()
    const error = await refusal(auth.signIn(), 'authorization_details_mismatch')
    expect(error.message).toMatch(message)
    expect(auth.session).toBeUndefined()
    const { auth: lenient, events } = client({ rar: richAuthorization({ accepts: () => true }) })
    expect((await lenient.signIn())?.tokens.authorizationDetails).toEqual(bent([payment]))
    expect(events.map(({ type }) => type)).toContain('authorization_details_changed')
  })

  it('a refresh that grants something else is refused, and the session keeps its token', async () => {
    const { auth } = client()
    await auth.signIn()
    const token = await auth.getAccessToken()
    atRefresh = (requested) => [...requested, accounts]
    await refusal(auth.getAccessToken({ fresh: true }), 'authorization_details_mismatch')
    expect(await auth.getAccessToken()).toBe(token)
    expect(auth.session?.authorizationDetails).toEqual([payment])
    atRefresh = (requested) => requested
    expect(await auth.getAccessToken({ fresh: true })).not.toBe(token)
    atRefresh = () => [payment]
    await refusal(auth.getAccessToken({ authorizationDetails: [accounts] }), 'authorization_details_mismatch')
  })

  it('the comparison of the app decides, and gets both lists', async () => {
    policy = () => [{ ...payment, amount: { currency: 'EUR', value: '10.00' } }]
    const value = ([detail]: readonly AuthorizationDetail[]) => Number((detail as typeof payment).amount.value)
    const accepts = (requested: readonly AuthorizationDetail[], granted: readonly AuthorizationDetail[]) =>
      value(granted) <= value(requested)
    const less = client({ rar: richAuthorization({ accepts }) })
    await less.auth.signIn()
    policy = () => [{ ...payment, amount: { currency: 'EUR', value: '12.01' } }]
    await refusal(less.auth.signIn(), 'authorization_details_mismatch')
  })
})

describe('before the user leaves', () => {
  const signIn = (config: Partial<ClientConfig>, metadata: object = {}) => {
    const server = createServer({ metadata: metadata as Record<string, unknown> })
    let visits = 0
    const userAgent = travelBy((url) => {
      visits++
      return server.visit(url)
    })
    const given = { issuer: server.issuer, clientId: 'spa', redirectUri, fetch: server.fetch, userAgent }
    return { visits: () => visits, start: async () => createClient({ ...given, ...config }).signIn() }
  }

  it.each<[string, unknown]>([
    ['no list', payment],
    ['an empty list', []],
    ['an object without a type', [{ amount: 1 }]],
    ['a type that is no string', [{ type: 1 }]],
    ['an empty type', [{ type: '' }]],
    ['a list in the list', [Object.assign([], { type: 'a' })]],
    ['null', [null]],
  ])('%s is config_invalid', async (_, authorizationDetails) => {
    const { start, visits } = signIn({ rar, authorizationDetails: authorizationDetails as never })
    expect((await refusal(start(), 'config_invalid')).message).toContain('authorizationDetails')
    expect(visits()).toBe(0)
  })

  it('details that nobody would compare are config_invalid', async () => {
    const { start } = signIn({ authorizationDetails: [payment] })
    expect((await refusal(start(), 'config_invalid')).message).toContain('rar: richAuthorization()')
  })

  it('a type that the server does not list is not_supported; a list that is missing or empty says nothing', async () => {
    const supported = { authorization_details_types_supported: ['payment'] }
    const refused = signIn({ rar, authorizationDetails: [payment, accounts] }, supported)
    expect((await refusal(refused.start(), 'not_supported')).message).toContain('accounts')
    expect(refused.visits()).toBe(0)
    for (const metadata of [supported, {}, { authorization_details_types_supported: [] }]) {
      const { start, visits } = signIn({ rar, authorizationDetails: [payment] }, metadata)
      await refusal(start(), 'authorization_details_mismatch')
      expect(visits()).toBe(1)
    }
  })
})

describe('the token response', () => {
  it.each([
    ['text', 'payment'],
    ['an object', payment],
    ['a list of texts', ['payment']],
    ['a type that is no string', [{ type: 1 }]],
  ])('with %s as authorization_details is invalid', async (_, authorization_details) => {
    const server = createServer({ token: { authorization_details } })
    const checked = checkMetadata(server.metadata, server.issuer)
    const request = { clientId: 'spa', redirectUri, authorizationDetails: [payment], rar }
    const { url, transaction } = await beginAuthorization(checked, request)
    const complete = async () =>
      completeAuthorization(transaction, await server.visit(url), { fetch: server.fetch, rar })
    await refusal(complete(), 'token_response_invalid')
  })

  it('is not accepted by a client that compares nothing, for a transaction with details', async () => {
    const server = createServer({ token: { authorization_details: [payment] } })
    const checked = checkMetadata(server.metadata, server.issuer)
    const request = { clientId: 'spa', redirectUri, authorizationDetails: [payment], rar }
    const { url, transaction } = await beginAuthorization(checked, request)
    const stored = JSON.parse(JSON.stringify(transaction))
    await refusal(completeAuthorization(stored, await server.visit(url), { fetch: server.fetch }), 'config_invalid')
  })

  it('of a refresh without details leaves those of the sign-in', async () => {
    const server = createServer({ token: { authorization_details: [payment] } })
    const auth = createSessionClient({
      ...{ issuer: server.issuer, clientId: 'spa', redirectUri, fetch: server.fetch, rar },
      authorizationDetails: [payment],
      vault: memoryVault(),
      userAgent: travelBy((url) => server.visit(url)),
      apis: { [API]: {} },
    })
    await auth.signIn()
    server.faults.token = {}
    await auth.getAccessToken({ fresh: true })
    expect(auth.session?.authorizationDetails).toEqual([payment])
    await refusal(auth.getAccessToken({ authorizationDetails: [payment] }), 'authorization_details_mismatch')
  })
})

describe('the backend that redeems the code of a browser', () => {
  async function signIn(granted: readonly AuthorizationDetail[], backendOptions: object, details = [payment]) {
    const server = createServer({ token: { authorization_details: granted } })
    const app = { issuer: server.issuer, clientId: 'spa', redirectUri }
    const backend = createServerClient({
      ...{ ...app, fetch: server.fetch, clientAuth: none(), vault: memoryVault({ maxRecords: 5 }) },
      ...backendOptions,
    })
    const browser = createClient({
      ...{ ...app, rar, authorizationDetails: details, exchange: exchangeAt('/exchange'), vault: memoryVault() },
      userAgent: travelBy((url) => server.visit(url)),
      fetch: async (input, init) =>
        `${input}`.startsWith('https://app.example/')
          ? backend.handleExchange(new Request(input, init), ({ claims }) => Response.json({ claims }))
          : server.fetch(input, init),
    })
    return browser.signIn()
  }

  it('compares with what the browser requested, and with its own configuration', async () => {
    await signIn([payment], { rar })
    await signIn([payment], { rar, authorizationDetails: [payment] })
    await refusal(signIn([accounts], { rar }), 'authorization_details_mismatch')
    await refusal(signIn([payment], { rar, authorizationDetails: [accounts] }), 'authorization_details_mismatch')
  })

  it('refuses them where it compares nothing', async () => {
    await refusal(signIn([payment], {}), 'exchange_refused')
  })
})

describe('what no server has to be asked about', () => {
  const MALFORMED = 'authorizationDetails: must be a list, not empty, of objects with a type, which is a string'
  const listing = (types: unknown) =>
    ({ issuer: 'https://as.example', authorization_details_types_supported: types }) as unknown as ServerMetadata

  it.each([
    [[]],
    [[payment, {}]],
    [[{ type: '' }]],
    [[{ type: 7 }]],
    [[null]],
    [['payment']],
    [payment],
    ['[]'],
    [undefined],
  ])('no list to request: %j', async (details) => {
    expect(rar.problems(details)).toEqual([MALFORMED])
    expect((await refusal(() => rar.toText(details as never), 'config_invalid')).message).toContain(MALFORMED)
  })

  it('an accepts that is no function', () => {
    expect(richAuthorization({ accepts: true as never }).problems([payment])).toEqual([
      'rar: accepts must be a function',
    ])
    expect(richAuthorization({ accepts: () => true }).problems([payment])).toEqual([])
  })

  it('a list is sent as JSON, if it can be', async () => {
    expect(rar.toText([payment])).toBe(JSON.stringify([payment]))
    const error = await refusal(() => rar.toText([{ type: 'a', amount: 1n }]), 'config_invalid')
    expect(error.message).toContain('authorizationDetails: must be a JSON value')
  })

  it('what both sides demand is demanded once', () => {
    expect(rar.joined(undefined, undefined)).toEqual([])
    expect(rar.joined([payment], undefined)).toEqual([payment])
    expect(rar.joined(undefined, [payment])).toEqual([payment])
    expect(rar.joined([payment], [{ ...payment }, accounts])).toEqual([payment, accounts])
  })

  it('a server may list no types, and nothing may be requested', async () => {
    for (const types of [undefined, null, [], 'payment', ['payment', 'accounts']])
      expect(() => rar.check(listing(types), { authorizationDetails: [payment, accounts] })).not.toThrow()
    expect(() => rar.check(listing(['payment']), {})).not.toThrow()
    const check = () => rar.check(listing(['payment']), { authorizationDetails: [payment, accounts] })
    expect((await refusal(check, 'not_supported')).message).toContain('without accounts')
  })

  it.each(['payment', {}, [{}], [payment, {}], [null]])('a response of another form is refused: %j', async (sent) => {
    const granted = () => rar.granted(sent, { authorizationDetails: [payment] }, [])
    expect((await refusal(granted, 'token_response_invalid')).message).toContain('no list of objects with a type')
  })

  it('what was granted is returned, requested or not', async () => {
    expect(rar.granted([payment], {}, [])).toEqual([payment])
    expect(rar.granted([], {}, [])).toEqual([])
    expect(rar.granted(undefined, {}, [])).toBeUndefined()
    expect(rar.granted(undefined, { previousDetails: [payment] }, [])).toEqual([payment])
    for (const sent of [undefined, null, []])
      await refusal(() => rar.granted(sent, { authorizationDetails: [payment] }, []), 'authorization_details_mismatch')
    // Members that are undefined are not sent, so they need not come back.
    expect(rar.granted([payment], { authorizationDetails: [{ ...payment, note: undefined }] }, [])).toEqual([payment])
  })

  it('a change is told of', () => {
    expect(rar.changed({}, undefined)).toBeUndefined()
    expect(rar.changed({ authorizationDetails: [payment] }, undefined)).toMatchObject({
      missing: ['payment'],
      added: [],
    })
    expect(rar.changed({}, { authorizationDetails: [payment] })).toMatchObject({ missing: [], added: ['payment'] })
  })

  it('with accepts, its word counts', async () => {
    const asked: unknown[] = []
    const accepting = (answer: boolean) =>
      richAuthorization({
        accepts: (requested, granted) => {
          asked.push([requested, granted])
          return answer
        },
      })
    expect(accepting(true).granted(undefined, { authorizationDetails: [payment] }, [])).toEqual([])
    const refused = () => accepting(false).granted([payment], { authorizationDetails: [payment] }, [])
    expect((await refusal(refused, 'authorization_details_mismatch')).message).toContain('accepts returned false')
    expect(asked).toEqual([
      [[payment], []],
      [[payment], [payment]],
    ])
  })
})
