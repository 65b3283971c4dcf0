import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AuditOptions, audit } from '../../src/audit.js'
import { type Defect, errors, startAuditedServer } from './audited-server.js'
import { parameters, withRecord } from './bend.js'

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

async function run(defect: Defect, only: string[], options: Partial<AuditOptions> = {}) {
  server = await startAuditedServer(defect)
  const { issuer, clients } = server
  const report = await audit({ issuer, clients: clients.slice(0, 1), browser: server.browser(), only, ...options })
  return report.results.map(({ result, observed }) => ({ result, observed }))
}

/** Moves the clock instead of waiting. */
const moveClock = async (seconds: number) =>
  void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })

/** Answers a token request with a server error. */
const breakTokens = (when: () => boolean): Defect => ({
  bend: withRecord('AuthorizationCode', () => {
    if (when()) throw new Error('out of order')
  }),
})

describe('a refusal that proves nothing', () => {
  it('is no pass: a server error', async () => {
    const [result] = await run(
      breakTokens(() => !parameters()['code_verifier']),
      ['missing-verifier'],
    )
    expect(result).toEqual({ result: 'inconclusive', observed: expect.stringContaining('status 500') })
  })

  it('is no pass: refresh tokens that never work', async () => {
    const never: Defect = {
      bend: withRecord('RefreshToken', () => {
        if (parameters()['grant_type'] === 'refresh_token') throw new errors.InvalidGrant('never')
      }),
    }
    const only = ['revocation-ends-tokens', 'revocation-by-another-client', 'refresh-token-of-another-client']
    server = await startAuditedServer(never)
    const { issuer, clients } = server
    const { results } = await audit({ issuer, clients, browser: server.browser(), only })
    expect(results).toHaveLength(6)
    for (const { result, observed } of results) {
      expect(result).toBe('inconclusive')
      expect(observed).toContain('An honest refresh gave no tokens')
    }
  })

  it('is no pass: a client that is locked out after wrong authentications', async () => {
    let wrong = 0
    const bend: Defect['bend'] = (provider) => {
      const { compareClientSecret } = provider.Client.prototype
      provider.Client.prototype.compareClientSecret = async function (secret) {
        const right = wrong < 3 && (await compareClientSecret.call(this, secret))
        if (!right) wrong++
        return right
      }
    }
    const results = await run({ client: 'confidential', bend }, [
      'client-auth-and-verifier',
      'secret-in-query',
      'unregistered-auth-method',
    ])
    expect(results.map(({ result }) => result)).toEqual(['inconclusive', 'inconclusive', 'inconclusive'])
    expect(results[1]?.observed).toContain('No attack was tried')
  })

  it('is no pass: a scope that the client cannot have at all', async () => {
    const configure: Defect['configure'] = (configuration) => {
      configuration.scopes = ['openid', 'offline_access']
      configuration.claims = { openid: ['sub'] }
    }
    expect(await run({ configure }, ['refresh-token-scope'])).toMatchObject([{ result: 'inconclusive' }])
  })

  it('is no pass: a key that the audit was not given', async () => {
    server = await startAuditedServer({ client: 'assertion' })
    const { issuer, clients } = server
    const client = { ...clients[0], key: undefined }
    const { results } = await audit({
      issuer,
      clients: [client],
      browser: server.browser(),
      only: ['assertion-replay'],
    })
    expect(results).toMatchObject([{ result: 'inconclusive', observed: expect.stringContaining('private key') }])
  })
})

describe('other ways to be good', () => {
  it('are accepted: a server that demands pushed requests', async () => {
    const setting: Defect['setting'] = (configuration) => {
      configuration.features = {
        ...configuration.features,
        pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      }
    }
    const results = await run({ setting }, ['pkce-required', 'pkce-downgrade', 'wrong-verifier', 'code-replay'])
    for (const result of results) expect(result).toMatchObject({ result: 'pass' })
  })

  it('are accepted: a server that demands nonces in DPoP proofs', async () => {
    const setting: Defect['setting'] = (configuration) => {
      const nonceSecret = Buffer.alloc(32, 1)
      configuration.features = {
        ...configuration.features,
        dPoP: { enabled: true, nonceSecret, requireNonce: () => true },
      }
    }
    const only = ['dpop-bound-token', 'dpop-code-key', 'dpop-refresh-key', 'dpop-proof-target', 'dpop-proof-replay']
    const results = await run({ setting }, [...only, 'dpop-access-token-hash'])
    expect(results).toHaveLength(6)
    for (const result of results) expect(result).toMatchObject({ result: 'pass' })
  })
})

describe('lesser defects', () => {
  it('the password grant is found by its invalid_grant', async () => {
    const bend: Defect['bend'] = (provider) => {
      const wrongPassword = () => {
        throw new errors.InvalidGrant('wrong password')
      }
      provider.registerGrantType('password', wrongPassword, ['username', 'password'])
      provider.Client.prototype.grantTypeAllowed = () => true
    }
    const results = await run({ client: 'confidential', bend }, ['grant-not-given'])
    expect(results).toEqual([{ result: 'fail', observed: expect.stringContaining('looked at the password') }])
  })

  it('a code that lives 90 seconds is a warning', async () => {
    const configure: Defect['configure'] = (configuration) => {
      configuration.ttl = { ...configuration.ttl, AuthorizationCode: 90 }
    }
    const results = await run({ configure }, ['code-lifetime'], { slow: true, sleep: moveClock })
    expect(results).toEqual([
      { result: 'warning', observed: expect.stringContaining('after 1 minute, and not after 2') },
    ])
  })

  it('a pushed request that says that it lives 10 minutes fails', async () => {
    const bend: Defect['bend'] = (provider) => {
      provider.use(async (ctx, next) => {
        await next()
        if (ctx.path === '/request' && ctx.status === 201) ctx.body = { ...ctx.body, expires_in: 600 }
      })
    }
    const results = await run({ bend }, ['par-expiry'], { slow: true, sleep: moveClock })
    expect(results).toEqual([{ result: 'fail', observed: expect.stringContaining('600 seconds') }])
  })
})

describe('slow checks', () => {
  it('wait together, and keep their exchanges apart', async () => {
    server = await startAuditedServer()
    const { issuer, clients } = server
    const waiting: (() => void)[] = []
    // Nobody goes on before all four wait: one after the other they would never.
    const sleep = (seconds: number) =>
      new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (waiting.length < 4) return
        void moveClock(seconds)
        for (const goOn of waiting) goOn()
      })
    const only = ['code-lifetime', 'par-expiry']
    const { results } = await audit({ issuer, clients, browser: server.browser(), only, slow: true, sleep })
    expect(results.map(({ result }) => result)).toEqual(['pass', 'pass', 'pass', 'pass'])
    for (const { id, exchanges } of results)
      expect(exchanges.some(({ request }) => request.url === `${issuer}/request`)).toBe(id === 'par-expiry')
  })

  it('do not run unless they are asked for', async () => {
    expect(await run({}, ['code-lifetime'])).toMatchObject([{ result: 'inconclusive' }])
  })
})

describe('a whole audit', () => {
  it.each(['public', 'confidential'] as const)(
    'of a good server finds nothing: %s',
    async (client) => {
      server = await startAuditedServer({ client })
      const { issuer, clients } = server
      const report = await audit({ issuer, clients: clients.slice(0, 2), browser: server.browser() })
      const { results, tokensLeft } = report
      const found = results.filter(({ result }) => result === 'fail' || result === 'warning')
      expect(found.map(({ id, observed }) => ({ id, observed }))).toEqual([])
      expect(results.filter(({ result }) => result === 'pass').length).toBeGreaterThan(20)
      expect(tokensLeft).toBe(0)
      expect(JSON.stringify(report)).not.toMatch(/a-secret-of|eyJ[\w-]+\.eyJ/)
    },
    300_000,
  )
})
