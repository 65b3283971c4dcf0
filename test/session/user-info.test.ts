import { getUserInfo } from '../../src/index.js'
// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionClientConfig } from '../../src/index.js'
import { forgetMetadata } from '../helpers/forget-metadata.js'
import { givenToFetch } from '../helpers/given-to-fetch.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { createSessionApp } from '../helpers/session-app.js'

const ME = 'https://as.example/userinfo'
const closing: { close(): void }[] = []

/** Somebody is signed in. @param answer what the server's endpoint says, instead of an honest answer */
async function signedIn(answer?: () => Response, config: Partial<SessionClientConfig> = {}, faults: Faults = {}) {
  const app = createSessionApp(faults, config)
  const visits: string[] = []
  const { auth, types } = app.tab({
    fetch: async (...given) => {
      const { url, init } = await givenToFetch(...given)
      if (url !== ME) return app.server.fetch(url, init)
      visits.push(new Headers(init.headers).get('authorization') ?? '')
      return answer?.() ?? app.server.fetch(url, init)
    },
  })
  closing.push(auth)
  await auth.signIn()
  return { ...app, auth, types, visits }
}

beforeEach(() => goTo('https://app.example/'))
afterEach(() => {
  for (const client of closing.splice(0)) client.close()
})

describe('userInfo', () => {
  it('is what the server tells', async () => {
    const { auth, visits } = await signedIn()
    await expect(getUserInfo(auth)).resolves.toEqual({ sub: 'ada', name: 'Ada' })
    expect(visits).toEqual([`Bearer ${await auth.getAccessToken()}`])
  })

  it('of nobody says login_required, and asks no server', async () => {
    const app = createSessionApp()
    const { auth } = app.tab()
    closing.push(auth)
    await refusal(getUserInfo(auth), 'login_required')
    expect(app.server.requests).toEqual([])
  })

  it('gets a new token where the server takes the old one no more', async () => {
    const { auth, server, visits } = await signedIn()
    server.revoke(await auth.getAccessToken())
    await expect(getUserInfo(auth)).resolves.toMatchObject({ sub: 'ada' })
    expect(new Set(visits).size).toBe(2)
  })

  it('is refused where the server takes no token at all: two requests, no third', async () => {
    const { auth, visits } = await signedIn(() => Response.json({}, { status: 401 }))
    const error = await refusal(getUserInfo(auth), 'response_refused')
    expect(error.message).toContain('401')
    expect(visits).toHaveLength(2)
  })

  it('wants a sign-in with openid, and asks for one', async () => {
    const { auth, visits } = await signedIn(undefined, { scope: 'orders' })
    const error = await refusal(getUserInfo(auth), 'insufficient_scope')
    expect(visits).toEqual([])
    await error.signIn?.()
    expect(auth.session?.scope).toBe('orders openid')
    await expect(getUserInfo(auth)).resolves.toMatchObject({ sub: 'ada' })
  })

  it('that wants more scope asks for it', async () => {
    const challenge = 'Bearer error="insufficient_scope", scope="profile"'
    const { auth } = await signedIn(
      () => new Response(null, { status: 403, headers: { 'www-authenticate': challenge } }),
    )
    const error = await refusal(getUserInfo(auth), 'insufficient_scope')
    await error.signIn?.()
    expect(auth.session?.scope).toBe('openid profile')
  })

  it.each<[string, () => Response, string]>([
    ['somebody else', () => Response.json({ sub: 'bob' }), 'another sub'],
    ['nobody', () => Response.json({}), 'another sub'],
    ['null', () => Response.json(null), 'no JSON'],
    ['a page', () => new Response('<!doctype html>'), 'no JSON'],
    ['a JWT', () => new Response('e30.e30.', { headers: { 'content-type': 'application/jwt' } }), 'JWT'],
  ])('that speaks of %s is refused', async (_, answer, what) => {
    const { auth } = await signedIn(answer)
    const error = await refusal(getUserInfo(auth), 'response_refused')
    expect(error.message).toContain(what)
  })

  it('says where the server cannot be reached, or has no such endpoint', async () => {
    const { auth } = await signedIn(() => {
      throw new TypeError('offline')
    })
    await refusal(getUserInfo(auth), 'network_error')
    await forgetMetadata()
    const without = await signedIn(undefined, {}, { metadata: { userinfo_endpoint: undefined } })
    await refusal(getUserInfo(without.auth), 'endpoint_refused')
  })
})
