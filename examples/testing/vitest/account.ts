import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
// In an app of yours: from 'proofkey/testing'.
import { type FakeSession, fakeBackendSession, fakeSession } from '../../../src/testing.js'
import { showAccount } from '../app.js'

/** The same tests in each environment with a page. */
export function describeAccount(environment: string): void {
  describe(`the account, in ${environment}`, () => {
    let fake: FakeSession
    beforeEach(async () => {
      fake = await fakeSession({ claims: { sub: 'ada', name: 'Ada' } })
      document.body.replaceChildren()
      showAccount(fake.auth, document.body)
    })
    afterEach(() => fake.close())
    const shown = () => document.body.textContent

    test('shows who is signed in, also after a reload', async () => {
      expect(await fake.auth.start()).toMatchObject({ type: 'loaded' })
      expect(shown()).toBe('Ada Sign out')
    })

    test('signs out and in', async () => {
      document.querySelector('button')?.click()
      await vi.waitFor(() => expect(shown()).toBe('Nobody Sign in'))
      document.querySelector('button')?.click()
      await vi.waitFor(() => expect(shown()).toBe('Ada Sign out'))
    })

    test('notices the sign-out in another tab', async () => {
      await fake.signOutInAnotherTab()
      expect(shown()).toBe('Nobody Sign in')
    })

    test('has a page with a backend', async () => {
      const backend = await fakeBackendSession({ api: (request) => new Response(new URL(request.url).pathname) })
      expect(await (await backend.auth.fetch('/api/orders')).text()).toBe('/api/orders')
      await backend.auth.signOut()
      expect(backend.auth.session).toBeUndefined()
      expect(backend.navigations).toEqual([`${location.origin}/auth/sign-out`])
      backend.close()
    })
  })
}
