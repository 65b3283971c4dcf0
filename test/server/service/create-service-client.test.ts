import { describe, expect, it } from 'vitest'
import {
  clientSecretBasic,
  createServiceClient,
  none,
  type ServiceClientConfig,
  TOKEN_TYPES,
} from '../../../src/server.js'
import { refusal } from '../../helpers/refusal.js'
import { createService, ISSUER, ORDERS } from '../../helpers/service-server.js'
import { later, useClocks } from '../../helpers/session-app.js'

useClocks()

const exchange = { subjectToken: 'subject-token-of-ada', subjectTokenType: TOKEN_TYPES.accessToken, audience: 'stock' }
const unauthorized = (header = 'Bearer error="invalid_token"') =>
  new Response('', { status: 401, headers: { 'www-authenticate': header } })

describe('the configuration', () => {
  const valid = { issuer: ISSUER, clientId: 'service', clientAuth: clientSecretBasic('x') }
  it.each<[string, object]>([
    ['issuer', { issuer: 'http://as.example' }],
    ['clientId', { clientId: '' }],
    ['clientAuth', { clientAuth: undefined }],
    ['clientAuth', { clientAuth: none() }],
    ['scope', { scope: ['a'] }],
    ['resource', { resource: 'orders' }],
    ['audience', { audience: [1] }],
    ['apis', { apis: { 'https://orders.example/': {} } }],
    ['apis', { apis: { 'http://orders.example': {} } }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['clientSecret', { clientSecret: 'x' }],
    ['provider', { provider: { name: 'mine' } }],
    ['dpop', { dpop: 'yes' }],
  ])('with a wrong %s is refused: %o', async (name, options) => {
    const error = await refusal(
      () => createServiceClient({ ...valid, ...options } as ServiceClientConfig),
      'config_invalid',
    )
    expect(error.message).toContain(name)
    expect(error.message).not.toContain('redirectUri')
  })
})

describe('fetch', () => {
  it('sends the token to the origins in apis, and to no other', async () => {
    const { service, calls, sent, events } = createService({}, { apis: { [ORDERS]: { scope: 'orders' } } })
    await service.fetch(`${ORDERS}/1`)
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer token-number-1')
    expect(sent[0]!.get('scope')).toBe('orders')
    for (const url of [
      'https://orders.example.evil/',
      'http://orders.example/',
      'https://orders.example:444/',
      'https://evil.example/?https://orders.example/',
    ])
      await service.fetch(url)
    expect(calls.slice(1).map(({ headers }) => headers.get('authorization'))).toEqual([null, null, null, null])
    expect(events).toContainEqual(expect.objectContaining({ type: 'api_not_listed', origin: 'http://orders.example' }))
  })

  it('gets one new token after 401, and tries once more', async () => {
    const { service, calls, sent } = createService({
      api: ({ headers }) =>
        headers.get('authorization') === 'Bearer token-number-2' ? new Response('hello') : unauthorized(),
    })
    const response = await service.fetch(ORDERS, { method: 'POST', body: 'order' })
    expect(await response.text()).toBe('hello')
    expect(await Promise.all(calls.map((call) => call.text()))).toEqual(['order', 'order'])
    expect(sent).toHaveLength(2)
  })

  it('asks once for callers whose token is refused at the same time', async () => {
    const { service, sent } = createService({
      api: ({ headers }) =>
        headers.get('authorization') === 'Bearer token-number-2' ? new Response('hello') : unauthorized(),
    })
    const responses = await Promise.all(Array.from({ length: 20 }, () => service.fetch(ORDERS)))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(sent).toHaveLength(2)
  })

  it('does not ask again and again for an API that refuses every token', async () => {
    const { service, sent } = createService({ api: () => unauthorized() })
    for (let call = 0; call < 10; call++) expect((await service.fetch(ORDERS)).status).toBe(401)
    expect(sent).toHaveLength(2)
    later(61)
    await service.fetch(ORDERS)
    expect(sent).toHaveLength(3)
  })

  it('nor of a server that sends the same token again', async () => {
    const { service, sent } = createService({ token: { access_token: 'always the same' }, api: () => unauthorized() })
    for (let call = 0; call < 10; call++) expect((await service.fetch(ORDERS)).status).toBe(401)
    expect(sent).toHaveLength(2)
    later(61)
    await service.fetch(ORDERS)
    expect(sent).toHaveLength(3)
  })

  it.each([
    ['it does not have', 'write', 'Name the scope in apis'],
    ['it has', 'orders', 'Check how the API reads its token'],
  ])('an API that demands a scope %s is no reason to sign in', async (_, scope, hint) => {
    const header = `Bearer error="insufficient_scope", scope="${scope}"`
    const api = () => new Response('', { status: 403, headers: { 'www-authenticate': header } })
    const { service } = createService({ api }, { apis: { [ORDERS]: { scope: 'orders' } } })
    const error = await refusal(service.fetch(ORDERS), 'insufficient_scope')
    expect(error.hint).toContain(hint)
    expect(error.signIn).toBeUndefined()
    expect(`${error.message} ${error.hint}`).not.toMatch(/sign/i)
  })

  it('ends with the reason of its signal', async () => {
    const reason = new Error('enough')
    await expect(createService().service.fetch(ORDERS, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('exchange', () => {
  it('asks for what is named, and nothing of the configuration', async () => {
    const { service, sent } = createService(
      { token: { issued_token_type: TOKEN_TYPES.accessToken } },
      { scope: 'own', resource: 'https://own.example/', audience: 'own' },
    )
    const issued = await service.exchange(exchange)
    expect(issued.accessToken).toBe('token-number-1')
    expect(Object.fromEntries(sent[0]!)).toMatchObject({ audience: 'stock', subject_token: exchange.subjectToken })
    expect(String(sent[0])).not.toContain('own')
    await service.exchange(exchange)
    expect(sent).toHaveLength(2)
  })

  it('cannot change the client by what it is given', async () => {
    const { service, sent, fetch } = createService({ token: { issued_token_type: TOKEN_TYPES.accessToken } })
    const stolen: string[] = []
    const elsewhere: typeof fetch = async (url, init) => {
      stolen.push(String(url))
      return fetch(url, init)
    }
    await service.exchange({ ...exchange, fetch: elsewhere, clientAuth: none(), insecure: () => true } as never)
    expect(stolen).toEqual([])
    expect(sent).toHaveLength(1)
  })

  it('ends with its own signal, also while the metadata is loaded', async () => {
    const { service, sent } = createService()
    await refusal(service.exchange({ ...exchange, signal: AbortSignal.abort() }), 'aborted')
    await service.preload()
    await refusal(service.exchange({ ...exchange, signal: AbortSignal.abort() }), 'aborted')
    expect(sent).toEqual([])
  })

  it('of nothing is refused', async () => {
    await refusal(createService().service.exchange({} as never), 'config_invalid')
  })
})

describe('events', () => {
  const types = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type)

  it('tell of each request', async () => {
    const { service, events } = createService({ token: { scope: 'a c', issued_token_type: TOKEN_TYPES.accessToken } })
    await service.preload()
    expect(types(events.splice(0))).toEqual(['metadata_requested', 'metadata_loaded'])
    await service.getAccessToken({ scope: 'a b' })
    await service.getAccessToken({ scope: 'a b' })
    expect(events.splice(0)).toMatchObject([
      { type: 'token_requested', grant: 'client_credentials', issuer: ISSUER, clientId: 'service' },
      { type: 'token_received', grant: 'client_credentials', scope: 'a c' },
      { type: 'scope_changed', missing: ['b'], added: ['c'] },
    ])
    await service.exchange(exchange)
    expect(events.splice(0)).toMatchObject([
      { type: 'token_requested', grant: 'token_exchange' },
      { type: 'token_received', grant: 'token_exchange', scope: 'a c' },
    ])
  })

  it('tell of each failure, with its code', async () => {
    const { service, events } = createService({
      respond: () => Response.json({ error: 'invalid_scope' }, { status: 400 }),
    })
    await refusal(service.getAccessToken(), 'token_request_refused')
    await refusal(service.exchange(exchange), 'token_request_refused')
    expect(events.filter(({ type }) => type === 'token_request_failed')).toMatchObject([
      { grant: 'client_credentials', code: 'token_request_refused' },
      { grant: 'token_exchange', code: 'token_request_refused' },
    ])
  })

  it('of metadata without an authorization endpoint, which no service needs: none', async () => {
    const { service, events } = createService({ metadata: { authorization_endpoint: undefined } })
    await service.preload()
    expect(types(events)).not.toContain('metadata_failed')
  })

  it('of metadata that cannot be used', async () => {
    const { service, events } = createService({
      metadata: { token_endpoint_auth_methods_supported: ['tls_client_auth'] },
    })
    await refusal(service.preload(), 'client_auth_unsupported')
    expect(types(events)).toContain('metadata_failed')
  })
})

it('no secret is in an error or event, whatever the server repeats', async () => {
  const secret = 's3cret-of-service'
  const repeat = (body: URLSearchParams) =>
    Response.json({ error: 'invalid_request', error_description: `${body} ${secret}` }, { status: 400 })
  const { service, events } = createService({ respond: repeat })
  const failures = [
    await refusal(service.getAccessToken(), 'token_request_refused'),
    await refusal(
      service.exchange({ ...exchange, actorToken: 'actor-token-x', actorTokenType: TOKEN_TYPES.jwt }),
      'token_request_refused',
    ),
  ]
  const shown = JSON.stringify([
    events,
    failures.map((error) => ({ ...error, text: error.message, stack: error.stack })),
  ])
  for (const text of [secret, exchange.subjectToken, 'actor-token-x']) expect(shown).not.toContain(text)
  const said = createService({ token: { issued_token_type: TOKEN_TYPES.accessToken, scope: `a token-number-1` } })
  await said.service.getAccessToken()
  await said.service.exchange(exchange)
  expect(JSON.stringify(said.events)).not.toContain('token-number-1')
})
