// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { createApiFetch, stepUp } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { API } from '../helpers/server.js'
import { later, slow, useSessionApps } from '../helpers/session-app.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()
const none = { refresh_token: undefined }

describe('a sign-in of the same person that brings no refresh token', () => {
  it('goes on with the one from before', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    later(60)
    app.server.faults.token = none
    await auth.signIn({ scope: 'openid orders' })
    app.server.faults.token = { scope: undefined }
    later(3600)
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(app.refreshes()).toBe(1)
    expect(auth.session?.scope).toBe('openid orders')
  })

  it('says how and when the person signed in, whatever the refresh token’s own sign-in was', async () => {
    const app = start({ claims: { acr: 'low', amr: ['pwd'] } })
    const { auth } = app.tab()
    await auth.signIn()
    const { auth_time } = auth.session?.claims ?? {}
    later(60)
    app.server.faults.token = none
    app.server.faults.claims = { acr: 'high', amr: ['hwk'], auth_time: Number(auth_time) + 60 }
    await auth.signIn()
    const { claims } = auth.session ?? {}
    app.server.faults.token = {}
    app.server.faults.claims = { acr: 'low', amr: ['pwd'], auth_time, name: 'Ada Lovelace' }
    later(3600)
    await auth.getAccessToken()
    expect(claims).toMatchObject({ acr: 'high', amr: ['hwk'], auth_time: Number(auth_time) + 60 })
    expect(auth.session?.claims).toMatchObject({
      ...claims,
      iat: expect.anything(),
      exp: expect.anything(),
      at_hash: expect.anything(),
      name: 'Ada Lovelace',
    })
  })

  it('keeps the new one of a refresh that is under way', async () => {
    const app = start()
    const net = slow(app.server.fetch)
    const { auth } = app.tab({ fetch: net.fetch })
    await auth.signIn()
    later(3590)
    const before = app.server.issued.length
    const asking = auth.getAccessToken()
    // The response of the refresh is made: the fault is for the sign-in only.
    await until(() => app.server.issued.length > before)
    app.server.faults.token = none
    await auth.signIn({ scope: 'openid orders' })
    app.server.faults.token = { scope: undefined }
    net.release()
    await asking
    later(3600)
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(app.server.reused).toEqual([])
  })
})

describe('an API with a resource of its own', () => {
  const apis = { [API]: { resource: 'https://api.example/' } }
  const challenged = (status: number, challenge: string) =>
    new Response(null, { status, headers: { 'www-authenticate': `Bearer ${challenge}` } })

  it.each([
    ['of a stronger sign-in', 401, 'error="insufficient_user_authentication", acr_values="high"', 'step_up_required'],
    ['of a wider consent', 403, 'error="insufficient_scope", scope="orders"', 'insufficient_scope'],
  ] as const)('gets a token %s', async (_, status, challenge, code) => {
    const old = new Set<string | null>()
    let wanted = false
    const app = start(
      {
        claims: { acr: 'low' },
        api(request) {
          const token = request.headers.get('authorization')
          if (!wanted) old.add(token)
          return old.has(token) ? challenged(status, challenge) : Response.json({})
        },
      },
      { apis, stepUp },
    )
    const { auth } = app.tab()
    await auth.signIn()
    const error = await refusal(createApiFetch(auth)(API), code)
    wanted = true
    app.server.faults.claims = { acr: 'high' }
    await error.signIn?.()
    expect((await createApiFetch(auth)(API)).status).toBe(200)
  })
})
