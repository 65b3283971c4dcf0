// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { type FakeBackendSession, type FakeBackendSessionOptions, fakeBackendSession } from '../../src/testing.js'
import { goTo } from '../helpers/page.js'

const open: FakeBackendSession[] = []
afterEach(() => {
  for (const fake of open.splice(0)) fake.close()
})
async function start(options?: FakeBackendSessionOptions) {
  goTo('https://app.example/')
  const fake = await fakeBackendSession(options)
  open.push(fake)
  return fake
}
const ends = ({ events }: FakeBackendSession) =>
  events.flatMap((event) => (event.type === 'session_ended' ? event.reason : []))

describe('fakeBackendSession', () => {
  it('is signed in, with these claims and this scope', async () => {
    const { auth } = await start({ claims: { sub: 'bob' }, scope: 'openid orders' })
    expect(auth.session).toMatchObject({ claims: { sub: 'bob' }, scope: 'openid orders' })
  })

  it('leaves for the sign-in, and is back as another user', async () => {
    const fake = await start({ start: 'nobody' })
    expect(fake.auth.session).toBeUndefined()
    fake.auth.signIn({ returnTo: '/orders' })
    expect(fake.navigations).toEqual(['https://app.example/auth/sign-in?returnTo=%2Forders'])
    await fake.signInAs({ sub: 'ada' })
    await fake.signInAs({ sub: 'bob' })
    expect(fake.auth.session?.claims?.sub).toBe('bob')
    expect(ends(fake)).toEqual(['replaced'])
  })

  it('expires', async () => {
    const fake = await start()
    await fake.expire()
    expect(fake.auth.session).toBeUndefined()
    expect(ends(fake)).toEqual(['expired'])
    await expect(fake.auth.fetch('/api/orders')).rejects.toMatchObject({ code: 'login_required' })
  })

  it('is signed out in another tab', async () => {
    const fake = await start()
    await fake.signOutInAnotherTab()
    expect(ends(fake)).toEqual(['elsewhere'])
  })

  it('is offline, and online again', async () => {
    const { auth, goOffline, goOnline } = await start()
    goOffline()
    expect(await auth.start()).toMatchObject({ type: 'failed', error: { code: 'network_error' } })
    expect(auth.session).toBeDefined()
    goOnline()
    expect(await auth.start()).toMatchObject({ type: 'loaded' })
  })

  it('asks for step-up, which a sign-in satisfies', async () => {
    const { auth, requireStepUp, signInAs } = await start({ api: () => new Response('paid') })
    requireStepUp({ acrValues: 'mfa' })
    await expect(auth.fetch('/api/pay')).rejects.toMatchObject({ code: 'step_up_required' })
    await signInAs({ sub: 'ada' })
    expect(await (await auth.fetch('/api/pay')).text()).toBe('paid')
  })
})
