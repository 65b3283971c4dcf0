import { IDBFactory } from 'fake-indexeddb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  type ClientConfig,
  createSessionClient,
  memoryVault,
  redirect,
  sealedSessions,
} from '../../src/index.js'
import { createPerson } from '../helpers/person.js'
import { until } from '../helpers/until.js'

const redirectUri = 'http://localhost:5173/callback'
let running: RunningProvider
/** The paths that were requested of the real server. */
let requests: string[]
/** Answers instead of the server. */
let instead: ((path: string) => Response | undefined) | undefined

beforeAll(async () => {
  running = await startProvider(browserClient('spa', [redirectUri]))
})
afterAll(() => running.close())
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})
beforeEach(() => {
  // A page of the app; in a simulated browser, the person could not visit the server.
  vi.stubGlobal('location', new URL(redirectUri))
  vi.stubGlobal('addEventListener', () => {})
  globalThis.indexedDB = new IDBFactory()
  requests = []
  instead = undefined
})

const { fetch } = globalThis

/** A page that was just loaded: nothing in its memory. */
function load(config: Partial<ClientConfig> = {}) {
  const navigate = vi.fn<(url: string) => void>()
  const auth = createSessionClient({
    issuer: running.issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid',
    insecure: allowInsecureLoopback,
    userAgent: redirect({ navigate }),
    sessionStore: sealedSessions(),
    fetch: async (input: string, init?: RequestInit) => {
      const { pathname } = new URL(input)
      requests.push(pathname)
      return instead?.(pathname) ?? fetch(input, init)
    },
    ...config,
  })
  const leave = async () => {
    let failure: unknown
    auth.signIn().catch((error) => {
      failure = error
    })
    await until(() => failure ?? navigate.mock.calls[0])
    if (failure) throw failure
    return navigate.mock.calls[0]![0]
  }
  return { auth, leave }
}
const METADATA = '/.well-known/openid-configuration'
const taken = () => requests.splice(0)

describe('metadata, over the pages of a sign-in at a real server', () => {
  it('is requested once: the callback needs one request, and the next sign-in none', async () => {
    const url = await load().leave()
    expect(taken()).toEqual([METADATA])
    const callback = await createPerson('ada').travel(url, redirectUri)

    const { auth } = load()
    expect(await auth.handleCallback({ url: callback })).toHaveProperty('claims.sub', 'ada')
    expect(taken()).toEqual(['/token'])
    auth.close()

    await load().leave()
    expect(taken()).toEqual([])
    // After a reload the session's own requests need it too.
    const reloaded = load().auth
    expect(await reloaded.restore()).toHaveProperty('claims.sub', 'ada')
    await reloaded.getAccessToken()
    await reloaded.preload()
    expect(taken()).toEqual([])
    reloaded.close()
  })

  it('is requested anew on each page with a vault that does not keep it', async () => {
    for (let page = 0; page < 2; page++) await load({ vault: memoryVault() }).leave()
    expect(taken()).toEqual([METADATA, METADATA])
  })

  it('is requested anew after a sign-in that failed at an endpoint of it, and not if the user refused', async () => {
    const state = new URL(await load().leave()).searchParams.get('state') ?? ''
    const refusal = new URLSearchParams({ error: 'access_denied', iss: running.issuer, state })
    const refused = load().auth.handleCallback({ url: `${redirectUri}?${refusal}` })
    await expect(refused).rejects.toHaveProperty('code', 'access_denied')
    const url = await load().leave()
    expect(taken()).toEqual([METADATA])

    const callback = await createPerson('ada').travel(url, redirectUri)
    instead = (path) => (path === '/token' ? new Response('gone', { status: 404 }) : undefined)
    await expect(load().auth.handleCallback({ url: callback })).rejects.toHaveProperty('code', 'token_response_invalid')
    taken()
    await load().leave()
    expect(taken()).toEqual([METADATA])
  })

  it('is requested anew where it said that a sign-in is not supported', async () => {
    instead = (path) =>
      path === METADATA
        ? Response.json({
            issuer: running.issuer,
            authorization_endpoint: `${running.issuer}/auth`,
            token_endpoint: `${running.issuer}/token`,
            require_pushed_authorization_requests: true,
          })
        : undefined
    await expect(load().leave()).rejects.toHaveProperty('code', 'not_supported')
    // The hint was followed: the server says so no more.
    instead = undefined
    await load().leave()
    expect(taken()).toEqual([METADATA, METADATA])
  })

  it('is not stored if it was passed as an option', async () => {
    const metadata = await (await fetch(running.issuer + METADATA)).json()
    await load({ metadata }).leave()
    expect(taken()).toEqual([])
    await load().leave()
    expect(taken()).toEqual([METADATA])
  })

  it('is requested where IndexedDB fails, as before', async () => {
    const put = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('', 'SecurityError')
    })
    await expect(load().leave()).rejects.toHaveProperty('code', 'storage_unavailable')
    expect(put).toHaveBeenCalled()
    expect(taken()).toEqual([METADATA])
  })
})
