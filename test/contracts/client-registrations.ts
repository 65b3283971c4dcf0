import { expect, it } from 'vitest'
import type { ClientRegistration, ClientRegistrations } from '../../src/protocol.js'

const AS = 'https://as.example'

export const registration = (clientId: string, more: Partial<ClientRegistration> = {}): ClientRegistration => ({
  issuer: AS,
  clientId,
  method: 'none',
  redirectUris: ['https://app.example/callback'],
  ...more,
})

/** What every store of registrations must do. @param open the same storage again */
export function describeRegistrations(open: () => ClientRegistrations): void {
  it('keeps one client for each issuer', async () => {
    const store = open()
    expect(await store.get(AS)).toBeUndefined()
    const own = registration('a', { method: 'client_secret_basic', clientSecret: 's', secretExpiresAtSeconds: 1 })
    expect(await store.add(AS, own)).toEqual(own)
    expect(await open().get(AS)).toEqual(own)
    expect(await store.get('https://b.example')).toBeUndefined()
    await store.add('https://b.example', registration('b'))
    expect(await store.get(AS)).toEqual(own)
  })

  it('lets the first win', async () => {
    const added = []
    for (const id of ['a', 'b', 'c']) added.push(await open().add(AS, registration(id)))
    expect(new Set(added.map(({ clientId }) => clientId))).toEqual(new Set(['a']))
    expect((await open().get(AS))?.clientId).toBe('a')
  })

  it('lets one of several at once win, and gives it to all', async () => {
    const added = await Promise.all(['a', 'b', 'c'].map((id) => open().add(AS, registration(id))))
    const [winner, ...others] = new Set(added.map(({ clientId }) => clientId))
    expect(others).toEqual([])
    expect((await open().get(AS))?.clientId).toBe(winner)
  })

  it('deletes a client only where it still is the one', async () => {
    await open().add(AS, registration('a'))
    expect(await open().delete(AS, 'b')).toBe(false)
    expect(await open().delete('https://b.example', 'a')).toBe(false)
    expect((await open().get(AS))?.clientId).toBe('a')
    expect(await open().delete(AS, 'a')).toBe(true)
    expect(await open().delete(AS, 'a')).toBe(false)
    expect(await open().get(AS)).toBeUndefined()
  })

  it('runs one work at a time, also after one that failed', async () => {
    let running = 0
    const work = async () => {
      expect(++running).toBe(1)
      await Promise.resolve()
      running--
      throw new Error('failed')
    }
    const store = open()
    const all = await Promise.allSettled([1, 2, 3].map(() => store.exclusive?.(AS, work)))
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await store.exclusive?.(AS, async () => 'done')).toBe('done')
  })

  it('lets no issuer wait for another one', async () => {
    const store = open()
    let finish = () => {}
    const slow = store.exclusive?.(AS, () => new Promise<void>((resolve) => (finish = resolve)))
    expect(await store.exclusive?.('https://b.example', async () => 'done')).toBe('done')
    finish()
    await slow
  })
}
