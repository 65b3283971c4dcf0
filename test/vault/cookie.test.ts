import { describe, expect, it, vi } from 'vitest'
import { createCookieJar } from '../../src/server/edge/cookies.js'
import { sealedCookie } from '../../src/vault/cookie.js'
import { describeVault } from '../contracts/vault.js'
import { ADA, taken, ticketFor } from '../helpers/tickets.js'

const keys = [{ id: 'k', secret: Buffer.alloc(32, 3).toString('base64') }]
let jar = createCookieJar(null, { sameSite: 'Lax' })

describeVault(
  'cookie',
  () => {
    jar = createCookieJar(null, { sameSite: 'Lax' })
    return sealedCookie({ keys }).bind(jar)
  },
  {
    maxRecords: 5,
    maxBytes: 2700,
    // A cookie that was used is gone; nobody remembers that it was there.
    spent: 'unknown',
    namesDropped: false,
    plain: '__Host-Http-proofkey.',
    stored: async () => jar.names().map((name) => `${name}=${jar.get(name)}`),
  },
)

const open = (id = 'k') => {
  const cookies = createCookieJar(null, { sameSite: 'Lax' })
  return { cookies, vault: sealedCookie({ keys: [{ ...keys[0]!, id }] }).bind(cookies) }
}

it('the vault of all requests has the same name', () => {
  expect(sealedCookie({ keys }).name).toBe('cookie')
})

describe('the cookie of a sign-in', () => {
  it.each([
    [600_000, 600],
    [599_001, 600],
    [1, 1],
    [-5000, 1],
  ])('that lasts %i ms has a Max-Age of %i s', async (lifetimeMs, seconds) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { cookies, vault } = open()
    await vault.put(ticketFor(ADA, lifetimeMs), ADA, 'value')
    expect(cookies.changes()[0]).toContain(`; Max-Age=${seconds};`)
    vi.useRealTimers()
  })

  it('is deleted by the take, and lasts as long as before when it is put back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { cookies, vault } = open()
    const ticket = ticketFor(ADA)
    await vault.put(ticket, ADA, 'value')
    vi.advanceTimersByTime(100_000)
    const outcome = await vault.take(ticket, ADA)
    expect(outcome).toEqual(taken('value'))
    expect(cookies.changes()).toHaveLength(1)
    expect(cookies.changes()[0]).toContain('; Max-Age=0;')
    if (outcome.status === 'taken') await outcome.putBack()
    expect(cookies.changes()[0]).toContain('; Max-Age=500;')
    vi.useRealTimers()
  })

  it('that has expired is not put back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { cookies, vault } = open()
    const ticket = ticketFor(ADA)
    await vault.put(ticket, ADA, 'value')
    const outcome = await vault.take(ticket, ADA)
    vi.advanceTimersByTime(600_000)
    expect(outcome.status === 'taken' && (await outcome.putBack())).toBe(false)
    expect(cookies.names()).toEqual([])
    vi.useRealTimers()
  })

  it('may have 2,700 bytes, name and value, and no byte more', async () => {
    const sizes: number[] = []
    const errors: unknown[] = []
    // The lengths of a sealed text skip some; a longer id of the key reaches them.
    for (const id of ['k', 'kk', 'kkk', 'kkkk'])
      for (let length = 1885; length < 1905; length++) {
        const { cookies, vault } = open(id)
        await vault.put(ticketFor(ADA), ADA, 'v'.repeat(length)).catch((error) => errors.push(error))
        for (const name of cookies.names()) sizes.push(`${name}=${cookies.get(name)}; `.length)
      }
    expect(Math.max(...sizes)).toBe(2700)
    const messages = errors.map((error) => (error as Error).message)
    expect(messages).toContain('The sign-in does not fit into a cookie: 2701 bytes of 2700.')
    expect(errors[0]).toMatchObject({
      code: 'storage_full',
      hint: 'Shorten appState and returnTo, or use redisVault.',
    })
  })

  it('that was changed opens nothing, and stays', async () => {
    const { cookies, vault } = open()
    const [ticket, other] = [ticketFor(ADA), ticketFor(ADA)]
    for (const each of [ticket, other]) await vault.put(each, ADA, 'value')
    const [name = '', second = ''] = cookies.names()
    cookies.set(name, cookies.get(second) ?? '', 600)
    expect(await vault.take(ticket, ADA)).toEqual({ status: 'unreadable' })
    expect(cookies.names()).toContain(name)
    expect(await vault.take(other, ADA)).toEqual(taken('value'))
  })
})
