import { afterEach, describe, expect, it, vi } from 'vitest'
import { callbackParameters, checkCallback } from '../../src/protocol/authorize/callback.js'
import type { Transaction } from '../../src/protocol.js'
import { clientSecretBasic, createServerClient, memoryVault } from '../../src/server.js'
import { refusal } from '../helpers/refusal.js'
import { createServer } from '../helpers/server.js'
import { createVisitor } from '../helpers/visitor.js'
import { createApp, files, type Row, testDeviations, textAt } from './fixtures.js'

afterEach(() => void vi.useRealTimers())

/** What each answer comes to, in the order of the file, for the sign-in that it names. */
const OUTCOMES: Record<string, string[]> = {
  // A form that holds an ID token answers another response_type than code.
  'apple/callback.txt': ['callback_malformed', 'callback_malformed'],
  'entra/callback.txt': ['the code', 'access_denied'],
  'entra-b2c/callback.txt': ['unknown_state', 'access_denied'],
  'google/callback.txt': ['unknown_state', 'the code', 'callback_malformed'],
  'govuk-one-login/callback.txt': ['authorization_failed'],
  'keycloak/callback.txt': ['the code', 'the code'],
  'okta/callback.txt': ['the code', 'unknown_state'],
  'ory-hydra/callback.txt': ['the code'],
}

describe('an answer', () => {
  it('of every file has its outcomes', () => {
    expect(Object.keys(OUTCOMES).sort()).toEqual(files(/callback\.txt$/))
  })

  const answers = files(/callback\.txt$/).flatMap((path) =>
    textAt(path)
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line, index): [string, string, string | undefined] => [path, line, OUTCOMES[path]?.[index]]),
  )
  it.each(answers)('of %s: %s → %s', async (_, line, outcome) => {
    const isForm = !line.includes('?') && !line.includes('#')
    const url = new URL(isForm ? 'https://client.example.com/cb' : line)
    const parameters = isForm ? new URLSearchParams(line) : callbackParameters(url)
    const transaction = {
      server: { issuer: parameters.get('iss') ?? 'https://as.example' },
      redirectUri: url.href.replace(/[?#].*/, ''),
      state: parameters.get('state') ?? 'the-state-that-was-sent',
    } as unknown as Transaction
    const check = () => checkCallback(transaction, url, parameters)
    if (outcome === 'the code') expect(check()).toBe(parameters.get('code'))
    else await refusal(check, outcome as never)
  })
})

/** A sign-in on a server, whose callback is changed before it comes. */
async function onServer(change: (callback: URL) => void, responseMode: 'query' | 'form_post' = 'query') {
  const metadata = { response_modes_supported: ['query', 'form_post'] }
  const server = createServer({ metadata }, { clients: { web: { secret: 's3cret' } } })
  const client = createServerClient({
    issuer: server.issuer,
    clientId: 'web',
    redirectUri: 'https://app.example/callback',
    scope: 'openid',
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 10 }),
    fetch: server.fetch,
    responseMode,
  })
  const visitor = createVisitor()
  const response = await client.signIn(visitor.request('https://app.example/login'))
  visitor.receive(response.headers)
  const sent = new URL(response.headers.get('location') ?? '')
  const callback = await server.visit(sent)
  const untouched = new URL(callback)
  change(callback)
  const { origin, pathname, searchParams } = callback
  const visit = (url: URL) =>
    client.handleCallback(
      responseMode === 'query'
        ? visitor.request(url)
        : visitor.request(origin + pathname, { method: 'POST', body: searchParams }),
    )
  const tokenUrls = () => server.requests.map(({ url }) => url).filter((url) => url.includes('token'))
  return { sent, response, tokenUrls, result: () => visit(callback), later: () => visit(untouched) }
}

const adding = (more: Record<string, string>) => (callback: URL) => {
  for (const [name, value] of Object.entries(more)) callback.searchParams.set(name, value)
}
const handsOn = (more: Record<string, string>, responseMode?: 'form_post') => async () => {
  const { result } = await onServer(adding(more), responseMode)
  expect((await result()).callbackParameters).toEqual(more)
}
const refusing = (more: Record<string, string>) => (callback: URL) => {
  callback.searchParams.delete('code')
  adding({ error: 'access_denied', ...more })(callback)
}

const CALLBACKS: Row[] = [
  [
    'google',
    'scope, authuser',
    async () => {
      await handsOn({ scope: 'email', authuser: '0', prompt: 'none', hd: 'example.com', version_info: 'x' })()
      const app = createApp({}, {}, adding({ code: '4/0code' }))
      await refusal(app.client.signIn(), 'token_request_refused')
      expect(app.tokenRequests()[0]?.body.get('code')).toBe('4/0code')
    },
  ],
  [
    'google',
    'iss is sent',
    async () => {
      const metadata = { authorization_response_iss_parameter_supported: undefined }
      await createApp({ metadata }).client.signIn()
      const app = createApp({ metadata }, {}, adding({ iss: 'https://evil.example' }))
      await refusal(app.client.signIn(), 'callback_issuer_mismatch')
      expect(app.tokenRequests()).toEqual([])
    },
  ],
  [
    'keycloak',
    'session_state',
    async () => {
      for (const responseMode of ['query', 'fragment']) await createApp({}, { responseMode }, () => {}).client.signIn()
      const both = createApp({}, {}, (callback) => {
        callback.hash = callback.search.slice(1)
      })
      await refusal(both.client.signIn(), 'callback_malformed')
    },
  ],
  [
    'ory-hydra',
    'scope echoed',
    async () => {
      const app = createApp({ token: { scope: 'openid' } }, { scope: 'openid' }, adding({ scope: 'openid admin' }))
      await expect(app.client.signIn()).resolves.toHaveProperty('tokens.scope', 'openid')
    },
  ],
  [
    'ansattporten',
    'iss percent-encoded',
    async () => {
      const app = createApp({}, {}, adding({ iss: encodeURIComponent('https://as.example') }))
      await refusal(app.client.signIn(), 'callback_issuer_mismatch')
    },
  ],
  [
    'entra-b2c',
    '"forgot password"',
    async () => {
      const description = 'AADB2C90118: The user has forgotten their password.\r\nCorrelation ID: 0\r\n'
      const app = createApp({}, {}, refusing({ error_description: description }))
      const error = await refusal(app.client.signIn(), 'access_denied')
      expect(error.serverError).toEqual({
        error: 'access_denied',
        description: 'AADB2C90118: The user has forgotten their password. Correlation ID: 0 ',
      })
    },
  ],
  [
    'entra-b2c',
    'error_description can',
    async () => {
      const app = createApp({}, {}, refusing({ error_description: 'login_hint: user@example.com' }))
      const events: unknown[] = []
      app.client.subscribe((event) => events.push(event))
      await refusal(app.client.signIn(), 'access_denied')
      expect(events).not.toEqual([])
      expect(JSON.stringify(events)).not.toContain('user@example.com')
    },
  ],
  [
    'entra',
    'error_subcode',
    async () => {
      await handsOn({ client_info: 'eyJ1aWQiOiIwIn0' })()
      await refusal(createApp({}, {}, refusing({ error_subcode: 'cancel' })).client.signIn(), 'access_denied')
    },
  ],
  ['apple', 'user (JSON)', handsOn({ user: '{"name":{"firstName":"Ada"},"email":"user@example.com"}' }, 'form_post')],
  [
    'deezer, bitly',
    'error_reason',
    async () => {
      for (const more of [{ error_reason: 'user_denied' }, { invalid: 'true', reason: 'user_denied' }]) {
        const { result, later } = await onServer((callback) => {
          refusing(more as never)(callback)
          callback.searchParams.delete('error')
        })
        await refusal(result(), 'callback_malformed')
        await expect(later()).resolves.toHaveProperty('claims.sub', 'ada')
      }
    },
  ],
  [
    'zoho',
    'location',
    async () => {
      const { result, tokenUrls } = await onServer(
        adding({ location: 'eu', 'accounts-server': 'https://evil.example/token' }),
      )
      expect((await result()).callbackParameters).toHaveProperty('location', 'eu')
      expect(tokenUrls()).toEqual(['https://as.example/token'])
    },
  ],
  ['shopify', 'hmac', handsOn({ hmac: '0', shop: 'a.example', timestamp: '1', host: 'x' })],
]

/** What the authorization URL holds with these options. */
async function sentWith(config: object): Promise<URLSearchParams> {
  const app = createApp({}, config)
  await app.client.signIn()
  return app.sent().searchParams
}

const AUTHORIZATION: Row[] = [
  [
    'apple',
    'response_mode',
    async () => {
      const { sent, response, result } = await onServer(() => {}, 'form_post')
      expect(sent.searchParams.get('response_mode')).toBe('form_post')
      expect(response.headers.getSetCookie()[0]).toMatch(/; Secure.*SameSite=None|SameSite=None.*; Secure/)
      await expect(result()).resolves.toHaveProperty('claims.sub', 'ada')
    },
  ],
  [
    'google',
    'refresh token only',
    async () => {
      const sent = await sentWith({ additionalParameters: { access_type: 'offline' }, prompt: 'consent' })
      expect([sent.get('access_type'), sent.get('prompt')]).toEqual(['offline', 'consent'])
    },
  ],
  [
    'tiktok',
    'client_key',
    async () => {
      const sent = await sentWith({ additionalParameters: { client_key: 'k' } })
      expect([sent.get('client_id'), sent.get('client_key')]).toEqual(['app', 'k'])
      await refusal(() => sentWith({ additionalParameters: { client_id: '' } }), 'config_invalid')
    },
  ],
  [
    'strava',
    'scopes separated',
    async () => expect((await sentWith({ scope: 'read,write' })).get('scope')).toBe('read,write'),
  ],
  [
    'deezer, huawei',
    'state is ignored',
    async () => {
      const { result, later } = await onServer((callback) => {
        refusing({})(callback)
        callback.searchParams.delete('state')
      })
      const error = await refusal(result(), 'unknown_state')
      expect(error.serverError?.error).toBe('access_denied')
      await expect(later()).resolves.toHaveProperty('claims.sub', 'ada')
    },
  ],
  [
    'linkedin, slack',
    'PKCE unsupported',
    async () => {
      for (const [error, status] of [
        ['invalid_client', 401],
        ['internal_error', 200],
      ] as const) {
        const app = createApp({ respond: () => Response.json({ error }, { status }) })
        const failed = (await app.client.signIn().catch((reason) => reason)) as { code: string }
        expect(failed.code).toMatch(/^token_re(quest_refused|sponse_invalid)$/)
        expect(app.tokenRequests()).toHaveLength(1)
        expect(app.tokenRequests()[0]?.body.has('code_verifier')).toBe(true)
      }
    },
  ],
  [
    'govuk-one-login',
    'some bad requests',
    async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const { result } = await onServer(() => {})
      vi.setSystemTime(Date.now() + 600_001)
      await refusal(result(), 'expired')
    },
  ],
]

describe('callbacks', () => testDeviations(['callback'], CALLBACKS))
describe('authorization', () => testDeviations(['authorization'], AUTHORIZATION))
