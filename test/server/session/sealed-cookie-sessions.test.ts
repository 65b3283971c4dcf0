import { expect, it } from 'vitest'
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
  for (let at = 0; at < cookie.length - 1; at += 7) {
    const other = cookie[at] === 'A' ? 'B' : 'A'
    expect(await store.open(cookie.slice(0, at) + other + cookie.slice(at + 1), LIFETIME)).toBeUndefined()
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
