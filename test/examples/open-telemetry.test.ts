import { once } from 'node:events'
import { get } from 'node:http'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { toLogRecords } from '../../examples/open-telemetry/log-records.js'
import { startOpenTelemetry } from '../../examples/open-telemetry/serve.js'
import type { EventBody } from '../../src/events.js'
import { createPerson } from '../helpers/person.js'
import { tracesOf } from '../helpers/traces.js'

describe('the example', () => {
  const exporter = new InMemoryLogRecordExporter()
  const records = () => exporter.getFinishedLogRecords()
  let site: RunningExample
  beforeAll(async () => {
    site = await startOpenTelemetry(0, exporter)
  })
  beforeEach(() => exporter.reset())
  afterAll(() => site.close())

  /** As a browser goes there; `fetch` would be refused, for no fetch starts a sign-in. */
  async function visit(url: string, cookie = '') {
    const [response] = await once(get(url, { headers: { cookie } }), 'response')
    response.resume()
    return {
      status: response.statusCode,
      location: response.headers.location ?? '',
      cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
    }
  }

  async function signIn() {
    const { location, cookie } = await visit(`${site.url}/auth/sign-in`)
    const callback = await createPerson().travel(location, `${site.url}/auth/callback`)
    return { location, callback, cookie }
  }

  it('sends a sign-in to OpenTelemetry, without a secret', async () => {
    const granted: string[] = []
    const remember = (ctx: { body: unknown; oidc: { body?: Record<string, unknown> | undefined } }) => {
      const { access_token, id_token } = ctx.body as Record<string, string>
      granted.push(access_token ?? '', id_token ?? '', `${ctx.oidc.body?.['code_verifier']}`)
    }
    site.provider.on('grant.success', remember)
    const { location, callback, cookie } = await signIn()
    expect((await visit(callback, cookie)).status).toBe(303)
    site.provider.off('grant.success', remember)

    const names = records().map(({ eventName }) => eventName)
    expect(names).toEqual(
      expect.arrayContaining(['proofkey.sign_in_started', 'proofkey.callback_received', 'proofkey.sign_in_completed']),
    )
    for (const { attributes, instrumentationScope, hrTime, severityText } of records()) {
      expect(attributes).toMatchObject({
        'proofkey.issuer': site.issuer,
        'proofkey.client_id': 'open-telemetry-app',
      })
      expect(instrumentationScope.name).toBe('proofkey')
      expect(Math.abs(hrTime[0] - Date.now() / 1000)).toBeLessThan(60)
      expect(severityText).toBe('INFO')
    }
    expect(records().at(-1)?.attributes['proofkey.scope']).toBe('openid profile')

    const { searchParams } = new URL(callback)
    const nonce = new URL(location).searchParams.get('nonce') ?? ''
    const secrets = [searchParams.get('code') ?? '', searchParams.get('state') ?? '', nonce, ...granted]
    expect(secrets).toHaveLength(6)
    const told = records().map(({ eventName, attributes, body }) => ({ eventName, attributes, body }))
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20)
      expect(tracesOf(secret, told)).toEqual([])
    }
  })

  it('raises its voice where a code is invented', async () => {
    const { callback, cookie } = await signIn()
    const forged = new URL(callback)
    forged.searchParams.set('code', 'invented')
    expect((await visit(forged.href, cookie)).status).toBe(400)
    expect(records().at(-1)).toMatchObject({
      eventName: 'proofkey.sign_in_failed',
      severityText: 'ERROR',
      severityNumber: 17,
      attributes: { 'proofkey.code': 'token_request_refused' },
    })
  })
})

it.each<[string, EventBody]>([
  ['INFO', { type: 'tokens_refreshed', scope: 'openid' }],
  ['INFO', { type: 'session_ended', reason: 'signed_out' }],
  ['INFO', { type: 'session_ended', reason: 'expired' }],
  ['INFO', { type: 'sign_out_started', endpoint: 'https://as.example/end' }],
  ['INFO', { type: 'sign_in_failed', code: 'access_denied' }],
  ['WARN', { type: 'scope_changed', missing: ['orders'], added: [] }],
  ['WARN', { type: 'sign_in_failed', code: 'network_error' }],
  ['WARN', { type: 'session_ended', reason: 'refused' }],
  ['WARN', { type: 'sign_out_failed', code: 'network_error' }],
  ['ERROR', { type: 'session_ended', reason: 'answer_refused' }],
  ['ERROR', { type: 'back_channel_logout_failed', code: 'logout_token_invalid' }],
])('says %s to %o', (severity, body) => {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  toLogRecords(provider.getLogger('proofkey'))({ ...body, atMs: 1, issuer: 'https://as.example', clientId: 'app' })
  const told = exporter.getFinishedLogRecords().map(({ severityText, eventName }) => [severityText, eventName])
  expect(told).toEqual([[severity, `proofkey.${body.type}`]])
})
