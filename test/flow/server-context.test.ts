import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProofkeyEvent } from '../../src/events.js'
import { type Milestones, reported, reporter } from '../../src/flow/reported.js'
import { createServerContext } from '../../src/flow/server-context.js'
import { ProofkeyError } from '../../src/protocol.js'
import { refusal } from '../helpers/refusal.js'

const NOW_MS = 1_700_000_000_000
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW_MS }))
afterEach(() => void vi.useRealTimers())

const issuer = 'https://as.example'
const document = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
}
const facts = { atMs: NOW_MS, issuer, clientId: 'app' }

/** A context whose server answers with the document, or as `answer` says. */
function create(more: object = {}, ...rest: [Parameters<typeof createServerContext>[1]?, ((server: object) => void)?]) {
  const net = { requests: 0, answer: () => Response.json(document) as Response }
  const events: ProofkeyEvent[] = []
  const fetch = async () => {
    net.requests++
    return net.answer()
  }
  const context = createServerContext({ issuer, clientId: 'app', fetch, ...more }, ...rest)
  context.subscribe((event) => events.push(event))
  return { context, events, net, types: () => events.map(({ type }) => type) }
}
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)

describe('the metadata', () => {
  it('is requested once, and again after an hour', async () => {
    const { context, events, net } = create()
    for (let time = 0; time < 2; time++) expect(await context.metadata()).toMatchObject(document)
    expect(events).toEqual([
      { ...facts, type: 'metadata_requested' },
      { ...facts, type: 'metadata_loaded' },
    ])
    pass(3599)
    await context.metadata()
    expect(net.requests).toBe(1)
    pass(2)
    await context.metadata()
    expect(net.requests).toBe(2)
  })

  it('is requested again after the lifetime of the options', async () => {
    const { context, net } = create({ metadataLifetimeSeconds: 60 })
    await context.metadata()
    pass(61)
    await context.metadata()
    expect(net.requests).toBe(2)
  })

  it('is used for a day longer where it cannot be reloaded, and that is told', async () => {
    const { context, net, events } = create()
    await context.metadata()
    net.answer = () => new Response(null, { status: 500 })
    pass(3601)
    expect(await context.metadata()).toMatchObject(document)
    expect(events.at(-1)).toMatchObject({ type: 'metadata_failed', code: 'response_refused', stale: true })
    pass(86_400)
    await refusal(context.metadata(), 'response_refused')
    expect(events.at(-1)).toEqual({
      ...facts,
      atMs: Date.now(),
      type: 'metadata_failed',
      code: 'response_refused',
      stale: false,
    })
  })

  it('of the options is checked, and not requested', async () => {
    const { context, net, types } = create({ metadata: document })
    expect(await context.metadata()).toMatchObject(document)
    expect([net.requests, types()]).toEqual([0, []])
    await refusal(() => create({ metadata: { ...document, issuer: 'https://evil.example' } }), 'issuer_mismatch')
  })

  it('that an earlier page has kept is not requested; its age counts', async () => {
    const kept = {
      read: vi.fn(async (aged: (seconds: number) => void) => {
        aged(3000)
        return document as never
      }),
      write: vi.fn(),
    }
    const { context, net } = create({}, kept)
    await context.metadata()
    pass(599)
    await context.metadata()
    expect([net.requests, kept.read.mock.calls.length]).toEqual([0, 1])
    pass(2)
    kept.read.mockImplementation(async () => undefined as never)
    await context.metadata()
    expect([net.requests, kept.read.mock.calls.length]).toEqual([1, 2])
    expect(kept.write).toHaveBeenCalledOnce()
    expect(kept.write.mock.calls[0]?.[0]).toMatchObject(document)
  })

  it('is what a profile makes of it; who asks for it is told each that comes into use', async () => {
    const seen: object[] = []
    const profile = { server: (server: object) => ({ ...server, changed: true }) }
    const { context } = create({ profile }, undefined, (server) => seen.push(server))
    for (let time = 0; time < 2; time++) expect(await context.metadata()).toMatchObject({ ...document, changed: true })
    expect(seen).toMatchObject([{ changed: true }])
  })

  it('that is redirected is told with the URL that redirects', async () => {
    const { context, events, net } = create()
    const moved = `${issuer}/metadata`
    net.answer = () => {
      net.answer = () => Response.json(document)
      return new Response(null, { status: 307, headers: { location: moved } })
    }
    expect(await context.metadata()).toMatchObject(document)
    const endpoint = `${issuer}/.well-known/openid-configuration`
    expect(events).toContainEqual({ ...facts, type: 'metadata_redirected', endpoint })
  })
})

it('DPoP learns of the client, and of the fetch that its requests are sent with', () => {
  const dpop = { addClient: vi.fn() }
  const { context } = create({ dpop })
  expect(dpop.addClient).toHaveBeenCalledWith(context.clientKey, expect.any(Function))
})

describe('a granted scope', () => {
  it.each<[string, string | undefined, string, object | undefined]>([
    ['is as requested', 'openid email', 'email openid', undefined],
    ['is less', 'openid email', 'openid', { missing: ['email'], added: [] }],
    ['is more', 'openid', 'openid email', { missing: [], added: ['email'] }],
    ['is another', 'a', 'b', { missing: ['a'], added: ['b'] }],
    ['was not requested', undefined, 'b', { missing: [], added: ['b'] }],
    ['is none of none', undefined, '', undefined],
  ])('that %s', (_, requested, granted, change) => {
    const { context, events } = create()
    context.reportScope(requested, granted, 'id')
    expect(events).toEqual(change ? [{ ...facts, type: 'scope_changed', transaction: 'id', ...change }] : [])
  })
})

describe('an operation that is reported', () => {
  const milestones: Milestones<string> = {
    started: { type: 'refresh_started' },
    completed: (scope: string) => ({ type: 'tokens_refreshed', scope }),
    failed: (code: string) => ({ type: 'refresh_failed', code }),
  }

  it('starts and completes', async () => {
    const report = vi.fn()
    const work = async () => {
      expect(report).toHaveBeenCalledOnce()
      return 'openid'
    }
    expect(await reported(report, milestones, work)).toBe('openid')
    expect(report.mock.calls).toEqual([[{ type: 'refresh_started' }], [{ type: 'tokens_refreshed', scope: 'openid' }]])
  })

  it('starts and fails, with the code of the error', async () => {
    const report = vi.fn()
    const error = new ProofkeyError('network_error', 'No network.')
    await expect(reported(report, milestones, () => Promise.reject(error))).rejects.toBe(error)
    expect(report.mock.calls).toEqual([
      [{ type: 'refresh_started' }],
      [{ type: 'refresh_failed', code: 'network_error' }],
    ])
  })
})

describe('the reporter of a function without a client', () => {
  it('tells the listener, with the time and the context', () => {
    const listener = vi.fn()
    reporter({ issuer, clientId: 'app' }, listener)({ type: 'refresh_started' })
    expect(listener.mock.calls).toEqual([[{ ...facts, type: 'refresh_started' }]])
  })

  it('tells nobody where there is none', () => {
    reporter({ issuer, clientId: 'app' })({ type: 'refresh_started' })
  })
})
