import express, { type RequestHandler } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../../examples/lib/example.js'
import { startServerExample } from '../../../examples/lib/server-example.js'
import { sendResponse, toRequest } from '../../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  memoryServerSessions,
  sealedCookie,
} from '../../../src/server.js'
import { ask, FORM } from '../../e2e/hostile-forms.js'
import { createPerson } from '../../helpers/person.js'
import { until } from '../../helpers/until.js'

/** An app below `/app`: Express removes that from `request.url`. */
const startMounted = (before: RequestHandler[]) =>
  startServerExample(
    {
      client_id: 'mounted-app',
      redirect_uris: ['/app/auth/callback'],
      post_logout_redirect_uris: ['/app/auth/signed-out'],
      backchannel_logout_uri: '/app/auth/back-channel-logout',
    },
    ({ issuer, url, api, clientSecret, sealingSecret }) => {
      const auth = createServerSessionClient({
        issuer,
        clientId: 'mounted-app',
        redirectUri: `${url}/app/auth/callback`,
        postLogoutRedirectUri: `${url}/app/auth/signed-out`,
        path: '/app/auth',
        scope: 'openid',
        clientAuth: clientSecretBasic(clientSecret),
        vault: sealedCookie({ keys: [{ id: 'k1', secret: sealingSecret }] }),
        sessionStore: memoryServerSessions(),
        apis: { [api]: {} },
        insecure: allowInsecureLoopback,
      })
      const handle =
        (answer: (request: Request) => Promise<Response | undefined>): RequestHandler =>
        async (incoming, outgoing, next) => {
          const response = await answer(toRequest(incoming))
          if (!response) return next()
          await sendResponse(outgoing, response)
        }
      const router = express.Router()
      router.use(handle(auth.handle))
      router.use(
        '/api',
        handle((request) => auth.forward(request, { to: api, path: '/app/api/*' })),
      )
      return express().use(...before, express.Router().use('/app', router))
    },
  )

describe.each([
  ['without body parsers', []],
  ['behind body parsers', [express.json(), express.urlencoded({ extended: true })]],
])('an Express router below a path, %s', (_, before) => {
  let site: RunningExample
  beforeAll(async () => {
    site = await startMounted(before)
  })
  afterAll(() => site.close())

  const cookieOf = (lines: readonly string[] = []) => lines.map((line) => line.split(';')[0]).filter(Boolean)

  async function signIn(person = createPerson()): Promise<string> {
    const started = await ask(`${site.url}/app/auth/sign-in?returnTo=/app/inbox`)
    const callback = await person.travel(started.headers.location ?? '', `${site.url}/app/auth/callback`)
    const waiting = cookieOf(started.headers['set-cookie']).join('; ')
    const finished = await ask(callback, { cookie: waiting })
    expect([finished.status, finished.headers.location]).toEqual([303, '/app/inbox'])
    return cookieOf(finished.headers['set-cookie']).find((pair) => /session=./.test(pair ?? '')) ?? ''
  }
  const session = async (cookie: string) =>
    JSON.parse((await ask(`${site.url}/app/auth/session`, { cookie })).text).session

  it('signs in, forwards to an API, and signs out, here and by the back channel', async () => {
    const person = createPerson()
    const [first, second] = [await signIn(person), await signIn(person)]
    expect([(await session(first))?.claims.sub, (await session(second))?.claims.sub]).toEqual(['ada', 'ada'])

    const own = { origin: site.url, cookie: first }
    const json = { ...own, 'x-proofkey': '1', 'content-type': 'application/json' }
    const called = await ask(`${site.url}/app/api/visits?a=b`, json, 'POST', '{"a":1}')
    expect([called.status, JSON.parse(called.text)]).toEqual([200, { name: 'ada', visits: 1 }])
    // Not the path that Express shows.
    expect((await ask(`${site.url}/api/visits`, json, 'POST', '{}')).status).toBe(404)

    const left = await ask(`${site.url}/app/auth/sign-out?returnTo=/app/bye`, { ...own, 'content-type': FORM }, 'POST')
    const back = await person.travel(left.headers.location ?? '', `${site.url}/app/auth/signed-out`)
    const waiting = cookieOf(left.headers['set-cookie']).join('; ')
    expect((await ask(back, { cookie: waiting })).headers.location).toBe('/app/bye')
    expect(await session(first)).toBeNull()
    // The provider tells about the other one, in a form.
    await until(async () => (await session(second)) === null)
  })
})
