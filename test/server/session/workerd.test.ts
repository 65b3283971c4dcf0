import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { listenTestServer } from '../../../src/testing-node.js'
import { SEALING_KEYS } from '../../helpers/server-session-stores.js'
import { createGate } from '../../helpers/session-app.js'
import { createVisitor } from '../../helpers/visitor.js'
import { startWorkerd } from '../../helpers/workerd.js'

const ORIGIN = 'https://app.example'
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** An authorization server on a port, whose answers to revocations wait; and an app in Cloudflare's runtime. */
async function start(waits: boolean) {
  const server = await listenTestServer({ clients: { web: { secret: 's3cret' } } })
  open.push(server)
  const { released, release } = createGate()
  server.always('revocation', { waitFor: released })
  const { issuer } = server
  const setup = { issuer, origin: ORIGIN, keys: SEALING_KEYS, waits }
  const worker = await startWorkerd(new URL('./session-worker.ts', import.meta.url), setup, true)
  open.push(worker)
  const visitor = createVisitor()
  async function visit(path: string): Promise<Response> {
    const { pathname, search } = new URL(path, ORIGIN)
    const { headers } = visitor.request(ORIGIN)
    headers.set('x-forwarded-host', 'app.example')
    headers.set('x-forwarded-proto', 'https')
    // Not by `fetch`, which says that it is one.
    const sent = request(`http://127.0.0.1:${worker.port}${pathname}${search}`, {
      headers: Object.fromEntries(headers),
      agent: false,
    }).end()
    const [incoming]: IncomingMessage[] = await once(sent, 'response')
    const { statusCode: status = 0, headersDistinct } = incoming!
    const received = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    )
    const response = new Response(await text(incoming!), { status, headers: received })
    visitor.receive(response.headers)
    return response
  }
  async function signIn(sub: string): Promise<void> {
    server.approve({ sub })
    const started = await visit('/auth/sign-in')
    expect(started.status, await started.clone().text()).toBe(303)
    const back = await visit((await server.visit(started.headers.get('location') ?? '')).href)
    expect(back.status, await back.clone().text()).toBe(303)
    expect(await (await visit('/')).json()).toEqual({ sub })
  }
  const revoked = () =>
    server.requests
      .filter(({ endpoint }) => endpoint === 'revocation')
      .map(({ parameters }) => parameters.get('token_type_hint'))
  return { signIn, revoked, release }
}

it('workerd completes what waitUntil was given: the tokens of a session that was replaced are revoked', async () => {
  const { signIn, revoked, release } = await start(true)
  await signIn('ada')
  await signIn('bob')
  // The response is there; no revocation has been answered.
  expect(revoked()).not.toContain('refresh_token')
  release()
  await expect.poll(revoked, { timeout: 20_000 }).toEqual(['access_token', 'refresh_token'])
})

it('without it, workerd gives them up with the response', async () => {
  const { signIn, revoked, release } = await start(false)
  await signIn('ada')
  await signIn('bob')
  release()
  // Whatever was left of it has had time for as long as a whole sign-in takes.
  await signIn('bob')
  expect(revoked()).not.toContain('refresh_token')
})
