// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { createApiFetch, type SessionClientConfig } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { API, type Faults } from '../helpers/server.js'
import { type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const STOCK = 'https://stock.example'
const [ORDERS, ITEMS] = ['https://orders.example/', 'https://items.example/'] as const
const { start } = useSessionApps()

/** An app whose authorization requests are noted. */
function traveller(config: Partial<SessionClientConfig>, faults: Faults = {}) {
  const sent: URLSearchParams[] = []
  const userAgent = travelBy((url) => {
    sent.push(url.searchParams)
    return app.server.visit(url)
  })
  const app: SessionApp = start(faults, { userAgent, ...config })
  return { app, sent }
}

/** Somebody is signed in. `asked`: the authorization request. */
async function signedIn(config: Partial<SessionClientConfig>, faults: Faults = {}) {
  const { app, sent } = traveller(config, faults)
  const { auth } = app.tab()
  await auth.signIn()
  const [asked = new URLSearchParams()] = sent
  const fetch = createApiFetch(auth)
  const own = await auth.getAccessToken()
  return {
    ...app,
    auth,
    own,
    asked,
    /** Requests something of an API. @returns the token that came with it */
    async tokenAt(origin: string) {
      await fetch(`${origin}/x`)
      const request = app.server.requests.findLast(({ url }) => url === `${origin}/x`)
      return new Headers(request?.init.headers).get('authorization')?.replace('Bearer ', '')
    },
    /** What was asked for besides in each refresh. */
    wishes: () =>
      app.bodies().map((body) => {
        const wish = Object.fromEntries(body)
        for (const name of ['grant_type', 'refresh_token', 'client_id']) delete wish[name]
        return wish
      }),
  }
}
const scopeOf = (asked: URLSearchParams) => asked.get('scope')?.split(' ').sort()

describe('a sign-in asks for what the APIs need:', () => {
  it('all scopes, each once, with those of the app', async () => {
    const { asked } = await signedIn({
      scope: 'openid orders',
      apis: { [API]: { scope: 'orders items' }, [STOCK]: { scope: 'stock items' } },
    })
    expect(scopeOf(asked)).toEqual(['items', 'openid', 'orders', 'stock'])
    expect(asked.has('audience')).toBe(false)
  })

  it('all resources', async () => {
    const { asked } = await signedIn({
      resource: ORDERS,
      apis: { [API]: { resource: ORDERS }, [STOCK]: { resource: ITEMS } },
    })
    expect(asked.getAll('resource')).toEqual([ORDERS, ITEMS])
  })

  it('the first audience', async () => {
    const apis = { [API]: { scope: 'orders' }, [STOCK]: { audience: 'stock' }, 'https://c.example': { audience: 'c' } }
    const { asked } = await signedIn({ apis, additionalParameters: { tenant: 't' } })
    expect(asked.getAll('audience')).toEqual(['stock'])
    expect(asked.get('tenant')).toBe('t')
  })

  it('no audience where the app names one itself', async () => {
    const { asked } = await signedIn({
      apis: { [STOCK]: { audience: 'stock' } },
      additionalParameters: { audience: 'mine' },
    })
    expect(asked.getAll('audience')).toEqual(['mine'])
  })

  it('the audience also in a sign-in with parameters of its own', async () => {
    const { app, sent } = traveller({ apis: { [STOCK]: { audience: 'stock' } } })
    await app.tab().auth.signIn({ additionalParameters: { tenant: 't' } })
    expect(sent.map((asked) => [asked.get('audience'), asked.get('tenant')])).toEqual([['stock', 't']])
  })

  it('nothing where they need nothing', async () => {
    const { asked } = await signedIn({ apis: { [API]: {} } })
    expect(asked.get('scope')).toBe('openid')
    expect(asked.has('resource') || asked.has('audience')).toBe(false)
  })
})

describe('an API gets', () => {
  it('the sign-in’s own token where it needs nothing else', async () => {
    const { tokenAt, own, wishes } = await signedIn({ apis: { [API]: {} } })
    expect(await tokenAt(API)).toBe(own)
    expect(wishes()).toEqual([])
  })

  it('the sign-in’s own token where that is for its resource or audience', async () => {
    const { tokenAt, own, wishes } = await signedIn({
      resource: ORDERS,
      apis: { [API]: { resource: ORDERS }, [STOCK]: { audience: 'stock' } },
    })
    expect(await tokenAt(API)).toBe(own)
    expect(await tokenAt(STOCK)).toBe(own)
    expect(wishes()).toEqual([])
  })

  it('a token of its own, once, requested with its scope, resource and audience', async () => {
    const { tokenAt, own, wishes } = await signedIn({
      apis: {
        'https://first.example': { audience: 'first' },
        [API]: { scope: 'orders', resource: ORDERS },
        [STOCK]: { scope: 'stock', audience: 'stock' },
      },
    })
    const tokens = [await tokenAt(API), await tokenAt(STOCK)]
    expect(new Set([...tokens, own]).size).toBe(3)
    expect([await tokenAt(API), await tokenAt(STOCK)]).toEqual(tokens)
    expect(wishes()).toEqual([
      { scope: 'orders', resource: ORDERS },
      { scope: 'stock', audience: 'stock' },
    ])
    expect(await tokenAt('https://first.example')).toBe(own)
  })

  it('a token with no more scope than it needs', async () => {
    const { tokenAt, own, wishes } = await signedIn({ apis: { [API]: { scope: 'orders' } } })
    expect(await tokenAt(API)).not.toBe(own)
    expect(wishes()).toEqual([{ scope: 'orders' }])
  })

  it('no token where it is not listed', async () => {
    const { tokenAt } = await signedIn({ apis: { [API]: { scope: 'orders' } } })
    expect(await tokenAt(STOCK)).toBeUndefined()
  })
})

describe('without a refresh token, an API', () => {
  const faults: Faults = { token: { refresh_token: undefined } }

  it('gets the sign-in’s own token where that covers its scope', async () => {
    const { tokenAt, own, wishes } = await signedIn(
      { apis: { [API]: { scope: 'orders' }, [STOCK]: { scope: 'stock items', audience: 'stock' } } },
      faults,
    )
    expect(await tokenAt(API)).toBe(own)
    expect(await tokenAt(STOCK)).toBe(own)
    expect(wishes()).toEqual([])
  })

  it.each<[string, Partial<SessionClientConfig>, object]>([
    ['scope that was not granted', { apis: { [API]: { scope: 'orders' } } }, { scope: 'openid' }],
    ['another audience', { apis: { [STOCK]: { audience: 'stock' }, [API]: { audience: 'orders' } } }, {}],
    ['another resource', { resource: ITEMS, apis: { [API]: { resource: ORDERS } } }, {}],
  ])('that needs %s gets no request', async (_, config, token) => {
    const { tokenAt, server, wishes } = await signedIn(config, { token: { ...faults.token, ...token } })
    const error = await refusal(tokenAt(API), 'interaction_required')
    expect(error.hint).toContain('offline_access')
    expect(server.requests.filter(({ url }) => url.startsWith(API))).toEqual([])
    expect(wishes()).toEqual([])
  })
})

it.each(['resource', 'scope', 'audience'])('a %s of an API that is no string is said to be wrong', async (name) => {
  const error = await refusal(() => start({}, { apis: { [API]: { [name]: ['a'] } } }).tab(), 'config_invalid')
  expect(error.message).toContain(API)
})

it.each([null, 'orders', 7])('what an API needs that is no object is said to be wrong: %j', async (needs) => {
  const apis = { [API]: needs } as unknown as Record<string, object>
  const error = await refusal(() => start({}, { apis }).tab(), 'config_invalid')
  expect(error.message).toContain(API)
})

it.each([[['openid']], [5], [{}]])('a scope that is no string is said to be wrong: %j', async (scope) => {
  const error = await refusal(() => start({}, { scope: scope as unknown as string }).tab(), 'config_invalid')
  expect(error.message).toContain('scope')
})
