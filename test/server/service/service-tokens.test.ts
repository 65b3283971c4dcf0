import { describe, expect, it } from 'vitest'
import { MAX_SERVICE_TOKENS } from '../../../src/limits.js'
import { refusal } from '../../helpers/refusal.js'
import { createService } from '../../helpers/service-server.js'
import { createGate, later, useClocks } from '../../helpers/session-app.js'

useClocks()

const down = () => {
  throw new TypeError('fetch failed')
}

describe('a token', () => {
  it('is requested once for callers at the same time, and cached', async () => {
    const { service, sent } = createService()
    const tokens = await Promise.all([service.getAccessToken(), service.getAccessToken(), service.getAccessToken()])
    expect(tokens).toEqual(['token-number-1', 'token-number-1', 'token-number-1'])
    later(3500)
    expect(await service.getAccessToken()).toBe('token-number-1')
    expect(sent).toHaveLength(1)
  })

  it('is requested anew shortly before it expires', async () => {
    const { service } = createService()
    await service.getAccessToken()
    later(3571)
    expect(await service.getAccessToken()).toBe('token-number-2')
  })

  it('is its own for each scope, resource and audience, in whatever order they are named', async () => {
    const { service, sent } = createService({}, { scope: 'read' })
    const [a, b] = ['https://a.example/', 'https://b.example/']
    const wishes = [
      {},
      { scope: 'read write' },
      { resource: a },
      { resource: [a, b] },
      { audience: a },
      { resource: a, scope: 'write' },
    ]
    for (const wish of wishes) await service.getAccessToken(wish)
    expect(new Set(sent.map(String)).size).toBe(wishes.length)
    for (const wish of [{ scope: 'write  read' }, { resource: [b, a, b] }, { resource: [a] }, { scope: 'read' }])
      await service.getAccessToken(wish)
    expect(sent).toHaveLength(wishes.length)
    expect(sent[2]!.get('scope')).toBe('read')
    expect(sent[5]!.get('scope')).toBe('write')
  })

  it('cannot be taken for that of another wish', async () => {
    const { service, sent } = createService()
    // Were the values joined by a separator, these would be one.
    await service.getAccessToken({ scope: 'a', audience: 'b' })
    await service.getAccessToken({ audience: ['a', 'b'] })
    await service.getAccessToken({ audience: 'a,b' })
    await service.getAccessToken({ audience: '["a","b"]' })
    expect(sent).toHaveLength(4)
  })

  it('is used on if the server does not say when it expires', async () => {
    const { service } = createService({ token: { expires_in: undefined } })
    await service.getAccessToken()
    later(1e7)
    expect(await service.getAccessToken()).toBe('token-number-1')
    expect(await service.getAccessToken({ fresh: true })).toBe('token-number-2')
  })

  it('is requested anew after the clock was set forward, and not used too long after it was set back', async () => {
    const { service } = createService()
    await service.getAccessToken()
    later(-86_400)
    later(3600)
    expect(await service.getAccessToken()).toBe('token-number-2')
  })

  it('is forgotten if it was used longest ago of too many', async () => {
    const { service, sent } = createService()
    for (let index = 0; index <= MAX_SERVICE_TOKENS; index++) {
      await service.getAccessToken({ audience: `${index}` })
      await service.getAccessToken({ audience: '0' })
    }
    expect(sent).toHaveLength(MAX_SERVICE_TOKENS + 1)
    await service.getAccessToken({ audience: '0' })
    expect(sent).toHaveLength(MAX_SERVICE_TOKENS + 1)
    await service.getAccessToken({ audience: '1' })
    expect(sent).toHaveLength(MAX_SERVICE_TOKENS + 2)
  })

  it('that is valid for a moment only does not cause requests without end', async () => {
    const { service, sent } = createService({ token: { expires_in: 1 } })
    expect(await service.getAccessToken()).toBe('token-number-1')
    later(1)
    expect(await service.getAccessToken()).toBe('token-number-2')
    expect(sent).toHaveLength(2)
  })
})

describe('a caller who gives up', () => {
  it('does not end the request of the others', async () => {
    const gate = createGate()
    const { service, sent } = createService({
      respond: async () => {
        await gate.released
        return Response.json({ access_token: 'late', token_type: 'Bearer', expires_in: 60 })
      },
    })
    const controller = new AbortController()
    const impatient = service.getAccessToken({ signal: controller.signal })
    const patient = service.getAccessToken()
    const reason = new Error('no more time')
    controller.abort(reason)
    const error = await refusal(impatient, 'aborted')
    expect(error.cause).toBe(reason)
    expect(error.message).not.toContain('sign-in')
    gate.release()
    expect(await patient).toBe('late')
    expect(sent).toHaveLength(1)
  })

  it('before it begins, asks for nothing that others would not', async () => {
    const { service } = createService()
    await refusal(service.getAccessToken({ signal: AbortSignal.abort() }), 'aborted')
    expect(await service.getAccessToken()).toMatch(/^token-number-/)
  })
})

describe('a request that fails', () => {
  it('leaves the token in use while it is valid, and is not repeated at each call', async () => {
    const { service, faults, sent } = createService()
    await service.getAccessToken()
    faults.respond = down
    later(3571)
    for (let call = 0; call < 10; call++) expect(await service.getAccessToken()).toBe('token-number-1')
    expect(sent).toHaveLength(2)
    later(29)
    await refusal(service.getAccessToken(), 'network_error')
    faults.respond = undefined
    later(60)
    expect(await service.getAccessToken()).toMatch(/^token-number-/)
  })

  it('is repeated once at once, then after longer and longer pauses', async () => {
    const { service, faults, sent } = createService({ respond: down })
    const fails = () => refusal(service.getAccessToken(), 'network_error')
    await fails()
    await fails()
    for (const pauseSeconds of [4, 8, 16, 32, 60, 60]) {
      const before = sent.length
      await fails()
      later(pauseSeconds - 1)
      await fails()
      expect(sent).toHaveLength(before)
      later(1)
      await fails()
      expect(sent).toHaveLength(before + 1)
    }
    faults.respond = undefined
    later(60)
    await service.getAccessToken()
    // Forgotten after a success.
    faults.respond = down
    later(3600)
    const before = sent.length
    await fails()
    await fails()
    expect(sent).toHaveLength(before + 2)
  })

  it('is not repeated, for no token at all, while the server wants to be left alone', async () => {
    const { service, faults, sent } = createService({
      respond: () => new Response('', { status: 429, headers: { 'retry-after': '100' } }),
    })
    await refusal(service.getAccessToken(), 'token_response_invalid')
    faults.respond = undefined
    await refusal(service.getAccessToken({ audience: 'another' }), 'token_response_invalid')
    later(99)
    await refusal(service.getAccessToken(), 'token_response_invalid')
    expect(sent).toHaveLength(1)
    later(1)
    expect(await service.getAccessToken()).toBe('token-number-2')
  })

  it('for one target does not hold up another', async () => {
    const { service, faults } = createService()
    faults.respond = (body) =>
      body.get('audience') === 'bad'
        ? Response.json({ error: 'invalid_target' }, { status: 400 })
        : Response.json({ access_token: 'good', token_type: 'Bearer' })
    for (let call = 0; call < 5; call++)
      await refusal(service.getAccessToken({ audience: 'bad' }), 'token_request_refused')
    expect(await service.getAccessToken({ audience: 'good' })).toBe('good')
  })

  it('does not bring back a token that the caller does not want', async () => {
    const { service, faults } = createService()
    await service.getAccessToken()
    faults.respond = down
    await refusal(service.getAccessToken({ fresh: true }), 'network_error')
    expect(await service.getAccessToken()).toBe('token-number-1')
  })
})

it('a scope that is required of the configured one is not required of another one', async () => {
  const { service, faults } = createService({ token: { scope: 'a' } }, { scope: 'a b', requiredScope: 'b' })
  await refusal(service.getAccessToken(), 'scope_missing')
  expect(await service.getAccessToken({ scope: 'a' })).toMatch(/^token/)
  await refusal(service.getAccessToken({ scope: 'a c', requiredScope: 'c' }), 'scope_missing')
  faults.token = { scope: 'b a' }
  expect(await service.getAccessToken()).toMatch(/^token/)
})

it.each<[string, object]>([
  ['scope', { scope: 1 }],
  ['requiredScope', { requiredScope: ['a'] }],
  ['resource', { resource: 'orders' }],
  ['audience', { audience: '' }],
])('a wrong %s is refused', async (name, wish) => {
  const { service, sent } = createService()
  expect((await refusal(service.getAccessToken(wish), 'config_invalid')).message).toContain(name)
  expect(sent).toHaveLength(0)
})
