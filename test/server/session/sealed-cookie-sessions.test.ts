import { expect, it, vi } from 'vitest'
import { sealedCookieSessions } from '../../../src/server.js'
import { describeServerSessionStore, LIFETIME, sessionText } from '../../contracts/server-session-store.js'
import { refusal } from '../../helpers/refusal.js'
import { ADA } from '../../helpers/tickets.js'

const key = (id: string, fill: number) => ({ id, secret: Buffer.alloc(32, fill).toString('base64') })
const create = () => sealedCookieSessions({ keys: [key('k1', 1)] })

describeServerSessionStore('cookie', create, { central: false, another: create })

it('opens cookies of an older key, and none of an unknown one', async () => {
  const record = await create().create(LIFETIME)
  await record.replace(ADA, 0, sessionText(1))
  const cookie = await record.cookie()
  const rotated = sealedCookieSessions({ keys: [key('k2', 2), key('k1', 1)] })
  expect((await (await rotated.open(cookie, LIFETIME))?.read(ADA))?.epoch).toBe(1)
  expect(await sealedCookieSessions({ keys: [key('k1', 3)] }).open(cookie, LIFETIME)).toBeUndefined()
})

it('opens no cookie in which a character was changed', async () => {
  const store = create()
  const record = await store.create(LIFETIME)
  await record.replace(ADA, 0, sessionText(1))
  const cookie = await record.cookie()
  // What was opened once is remembered: by its whole value.
  expect(await store.open(cookie, LIFETIME)).toBeDefined()
  for (let at = 0; at < cookie.length - 1; at += 7) {
    const other = cookie[at] === 'A' ? 'B' : 'A'
    expect(await store.open(cookie.slice(0, at) + other + cookie.slice(at + 1), LIFETIME)).toBeUndefined()
  }
})

it('decrypts a cookie once, and gives each request a record of its own', async () => {
  const record = await create().create(LIFETIME)
  await record.replace(ADA, 0, sessionText(1))
  const cookie = await record.cookie()
  const store = create()
  const decrypt = vi.spyOn(crypto.subtle, 'decrypt')
  try {
    const first = (await store.open(cookie, LIFETIME))!
    await first.replace(ADA, 1, sessionText(2))
    const second = (await store.open(cookie, LIFETIME))!
    expect((await second.read(ADA)).epoch).toBe(1)
    expect(second.id).toBe(first.id)
    expect(decrypt).toHaveBeenCalledTimes(1)
  } finally {
    decrypt.mockRestore()
  }
})

it('takes over the newer of two states, and not an older one', async () => {
  const store = create()
  const here = await store.create(LIFETIME)
  await here.replace(ADA, 0, sessionText(1))
  const old = await here.cookie()
  const there = (await create().open(old, LIFETIME))!
  await there.replace(ADA, 1, sessionText(2))
  here.receive?.((await store.open(await there.cookie(), LIFETIME))!)
  expect((await here.read(ADA)).epoch).toBe(2)
  here.receive?.((await store.open(old, LIFETIME))!)
  expect((await here.read(ADA)).epoch).toBe(2)
})

it.each([499, 7001, Number.NaN])('refuses maxHeadBytes: %d', async (maxHeadBytes) => {
  await refusal(() => sealedCookieSessions({ keys: [key('k1', 1)], maxHeadBytes }), 'config_invalid')
})
