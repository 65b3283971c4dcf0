// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import type { Faults } from '../helpers/server.js'
import { createGate, useSessionApps } from '../helpers/session-app.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()

/** A server that ends the access tokens with the refresh token, and refuses to revoke what has ended. */
function strict(gate = Promise.resolve()) {
  const revoked: string[] = []
  let isEnded = false
  const faults: Faults = {
    revoke: async (body) => {
      const kind = `${body.get('token_type_hint')}`
      revoked.push(kind)
      if (kind === 'access_token') await gate
      if (isEnded) return Response.json({ error: 'invalid_request' }, { status: 400 })
      isEnded ||= kind === 'refresh_token'
      return new Response()
    },
  }
  return { faults, revoked }
}

describe('at a server that ends the access tokens with the refresh token', () => {
  it('no revocation fails: the access tokens come first, and the refresh token when they were answered', async () => {
    const gate = createGate()
    const { faults, revoked } = strict(gate.released)
    const { auth, types } = start(faults).tab()
    await auth.signIn()
    await auth.getAccessToken({ resource: 'https://one.example' })
    const leaving = auth.signOut({ atServer: false })
    await until(() => revoked.length === 2)
    expect(revoked).toEqual(['access_token', 'access_token'])
    gate.release()
    await leaving
    expect(revoked).toEqual(['access_token', 'access_token', 'refresh_token'])
    expect(types().filter((type) => type === 'token_revoked')).toHaveLength(3)
    expect(types()).not.toContain('revocation_failed')
  })

  it('does not listen any more when it is over: on a server no page is ever left', async () => {
    const listened = vi.spyOn(globalThis, 'addEventListener')
    const { auth } = start(strict().faults).tab()
    await auth.signIn()
    listened.mockClear()
    await auth.signOut({ atServer: false })
    const left = listened.mock.calls.filter(([type, , options]) => type === 'pagehide' && Object(options).signal)
    listened.mockRestore()
    expect(left.map(([, , options]) => Object(options).signal.aborted)).toEqual([true])
  })

  it('a page that is left meanwhile sends the rest at once, and in a way that outlives it', async () => {
    const gate = createGate()
    const { faults, revoked } = strict(gate.released)
    const app = start(faults)
    const { auth } = app.tab()
    await auth.signIn()
    const leaving = auth.signOut({ atServer: false })
    await until(() => revoked.length)
    dispatchEvent(new Event('pagehide'))
    await until(() => revoked.length === 2)
    expect(revoked).toEqual(['access_token', 'refresh_token'])
    gate.release()
    await leaving
    const sent = app.server.requests.filter(({ url }) => url.endsWith('/revoke'))
    expect(sent.map(({ init }) => init.keepalive)).toEqual([true, true])
    expect(app.server.requests.some(({ url, init }) => !url.endsWith('/revoke') && init.keepalive)).toBe(false)
  })
})

it('at a server that cannot revoke, it is told once that the tokens are not revoked', async () => {
  const app = start({ metadata: { revocation_endpoint: undefined } })
  const { auth, types } = app.tab()
  await auth.signIn()
  await auth.getAccessToken({ resource: 'https://one.example' })
  await auth.signOut({ atServer: false })
  expect(types().filter((type) => /^revocation|^tokens?_(not_)?revoked/.test(type))).toEqual(['revocation_unsupported'])
  // Without tokens there is nothing to tell.
  await auth.signOut({ atServer: false })
  expect(types().filter((type) => type === 'revocation_unsupported')).toHaveLength(1)
})
