import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import { sendResponse, toRequest } from '../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  type LogoutToken,
  memoryVault,
  type ProofkeyEvent,
  type ServerClient,
} from '../../src/server.js'
import { type Listening, listen } from '../helpers/loopback.js'
import { createPerson } from '../helpers/person.js'
import { createVisitor } from '../helpers/visitor.js'

/** What the provider sent to `/back-channel-logout` of each app, and what it got for it. */
interface Posted {
  readonly client: string
  readonly body: string
  readonly status: number
}

const secret = 'a secret of thirty-two bytes or more'
let listening: Listening
let running: RunningProvider
let posted: Posted[]
let ended: ({ client: string } & LogoutToken)[]
/** An app that cannot end its sessions just now. */
let broken: string | undefined
const clients: Record<string, ServerClient> = {}
const events: ProofkeyEvent[] = []

const open = (clientId: string) => {
  const client = createServerClient({
    issuer: running.issuer,
    clientId,
    redirectUri: `${app(clientId)}/callback`,
    scope: 'openid',
    clientAuth: clientSecretBasic(secret),
    vault: memoryVault({ maxRecords: 100 }),
    insecure: allowInsecureLoopback,
  })
  client.subscribe((event) => events.push(event))
  return client
}
const app = (clientId: string) => `http://127.0.0.1:${listening.port}/${clientId}`

beforeAll(async () => {
  listening = await listen(async (incoming, outgoing) => {
    const request = toRequest(incoming)
    const client = new URL(request.url).pathname.split('/')[1] ?? ''
    const body = await request.clone().text()
    const response = await clients[client]!.handleBackChannelLogout(request, async (logout) => {
      if (broken === client) throw new Error('the database is away')
      ended.push({ client, ...logout })
    })
    posted.push({ client, body, status: response.status })
    await sendResponse(outgoing, response)
  })
  const registered = (client_id: string, more: object = {}) => ({
    client_id,
    client_secret: secret,
    redirect_uris: [`${app(client_id)}/callback`],
    post_logout_redirect_uris: [`${app(client_id)}/signed-out`],
    backchannel_logout_uri: `${app(client_id)}/back-channel-logout`,
    backchannel_logout_session_required: true,
    ...more,
  })
  running = await startProvider({
    ...browserClient('unused', []),
    clients: [
      registered('mail'),
      registered('files'),
      registered('old', { backchannel_logout_session_required: false }),
    ],
    features: { backchannelLogout: { enabled: true } },
    // Its own way of posting refuses every loopback address, which is where these apps are.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
  })
  for (const client of ['mail', 'files', 'old']) clients[client] = open(client)
})
afterAll(async () => {
  await running.close()
  await listening.close()
})
beforeEach(() => {
  posted = []
  ended = []
  events.length = 0
  broken = undefined
})

/** A person with one browser, in one session of the provider. */
function visit() {
  const [person, visitor] = [createPerson(), createVisitor()]
  return {
    async signIn(client: string) {
      const started = await clients[client]!.signIn(visitor.request(`${app(client)}/login`))
      visitor.receive(started.headers)
      const callback = await person.travel(started.headers.get('location') ?? '', `${app(client)}/callback`)
      const { headers, ...grant } = await clients[client]!.handleCallback(visitor.request(callback))
      visitor.receive(headers)
      return grant
    },
    /** By the provider's page that asks whether to sign out. @returns where the app takes the person */
    async signOut(client: string, idTokenHint?: string) {
      const postLogoutRedirectUri = `${app(client)}/signed-out`
      const request = visitor.request(`${app(client)}/logout`)
      const left = await clients[client]!.signOut(request, { idTokenHint, postLogoutRedirectUri, returnTo: '/goodbye' })
      visitor.receive(left.headers)
      const url = await person.travel(left.headers.get('location') ?? '', postLogoutRedirectUri)
      const { returnTo, headers } = await clients[client]!.handleSignedOut(visitor.request(url))
      visitor.receive(headers)
      expect(visitor.cookies.size).toBe(0)
      return returnTo
    },
  }
}

describe('with a real authorization server', () => {
  it('a sign-out comes back by its state, and ends the session it names', async () => {
    const browser = visit()
    const { claims, tokens } = await browser.signIn('mail')
    expect(claims?.['sid']).toEqual(expect.any(String))
    expect(await browser.signOut('mail', tokens.idToken)).toBe('/goodbye')
    expect(posted).toEqual([expect.objectContaining({ client: 'mail', status: 200 })])
    expect(ended).toEqual([
      expect.objectContaining({ client: 'mail', issuer: running.issuer, subject: 'ada', sessionId: claims?.['sid'] }),
    ])
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['sign_out_started', 'back_channel_logout', 'sign_out_completed']),
    )
  })

  it('works without a hint too', async () => {
    const browser = visit()
    await browser.signIn('mail')
    expect(await browser.signOut('mail')).toBe('/goodbye')
    expect(ended).toHaveLength(1)
  })

  it('a sign-out from one app ends the sessions of all', async () => {
    const browser = visit()
    const grants = [await browser.signIn('mail'), await browser.signIn('files'), await browser.signIn('old')]
    const other = await visit().signIn('files')
    await browser.signOut('mail', grants[0]!.tokens.idToken)
    const told = Object.fromEntries(ended.map(({ client, subject, sessionId }) => [client, { subject, sessionId }]))
    expect(told).toEqual({
      mail: { subject: 'ada', sessionId: grants[0]!.claims?.['sid'] },
      files: { subject: 'ada', sessionId: grants[1]!.claims?.['sid'] },
      old: { subject: 'ada', sessionId: undefined },
    })
    // Another browser's session is another one.
    expect(other.claims?.['sid']).toEqual(expect.any(String))
    expect(told['files']?.sessionId).not.toBe(other.claims?.['sid'])
  })

  it('a logout token counts once, and for its own app only', async () => {
    const browser = visit()
    await browser.signIn('mail')
    await browser.signOut('mail')
    const [{ body } = { body: '' }] = posted
    const again = (client: string) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return fetch(`${app(client)}/back-channel-logout`, { method: 'POST', body, headers })
    }
    const replay = await again('mail')
    expect([replay.status, replay.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(await replay.json()).toMatchObject({ error_description: expect.stringContaining('used before') })
    expect(await (await again('files')).json()).toMatchObject({ error_description: expect.stringContaining('aud') })
    expect(ended).toHaveLength(1)
  })

  it('an ID token of the same server is no logout token', async () => {
    const { tokens } = await visit().signIn('mail')
    const body = new URLSearchParams({ logout_token: tokens.idToken ?? '' })
    const response = await fetch(`${app('mail')}/back-channel-logout`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(ended).toEqual([])
  })

  it('hears that the sessions could not be ended, and the person comes back all the same', async () => {
    const failed: unknown[] = []
    running.provider.on('backchannel.error', (_ctx, error) => failed.push(error))
    broken = 'mail'
    const browser = visit()
    await browser.signIn('mail')
    expect(await browser.signOut('mail')).toBe('/goodbye')
    expect(posted).toEqual([expect.objectContaining({ status: 400 })])
    expect(failed).toHaveLength(1)
  })
})
