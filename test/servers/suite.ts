import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSessionClient, memorySessions } from '../../src/index.js'
import {
  allowInsecureLoopback,
  type ClientAuth,
  checkIdTokenSignature,
  clientSecretBasic,
  clientSecretPost,
  createDpop,
  createSigningKey,
  discover,
  none,
  privateKeyJwt,
  pushed,
} from '../../src/protocol.js'
import { createServerClient, memoryVault } from '../../src/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { createVisitor as createAppVisitor } from '../helpers/visitor.js'
import { type BasicForms, basicForms } from './basic-forms.js'
import { startBrowser } from './in-browser.js'
import { afterRefresh, algorithmOf, outcome, recordingFetch } from './recording.js'
import type { Method, RegisteredClient, RunningServer, StartServer } from './running-server.js'
import { createVisitor } from './visitor.js'

/** What a server does, where servers differ. */
export interface Expectations {
  readonly methods: readonly Method[]
  /** The path that its metadata is found at; undefined: it publishes none. */
  readonly metadata: string | undefined
  /** Whether the metadata lists S256. */
  readonly listsPkce: boolean
  /** Whether the callback names the issuer (RFC 9207). */
  readonly issInCallback: boolean
  /** The algorithm of the ID token; undefined: there is none. */
  readonly idToken: string | undefined
  readonly tokenType: string
  readonly refreshToken: ReturnType<typeof afterRefresh>
  /** Status and error for a refresh token that it never issued. */
  readonly unknownToken: string
  /** What the refresh token is worth after `revoke`; undefined: the server has no revocation. */
  readonly revokedToken: 'refused' | 'accepted' | undefined
  /** Where the server's sign-out leads; undefined: it has none. */
  readonly endSession?: 'back to the app' | 'to a page' | undefined
  readonly basic?: BasicForms
  /** What fails where a real browser's page signs in, refreshes and signs out. */
  readonly failuresInBrowser?: readonly string[]
}

const PROOFS: Record<Method, (client: RegisteredClient) => ClientAuth> = {
  none: () => none(),
  client_secret_basic: ({ secret = '' }) => clientSecretBasic(secret),
  client_secret_post: ({ secret = '' }) => clientSecretPost(secret),
  private_key_jwt: ({ key }) => privateKeyJwt(key ?? {}),
}

type Browser = Awaited<ReturnType<typeof startBrowser>>

/** What each server has to pass; and what it was seen to do has to be what is expected of it. */
function testServer(name: string, start: StartServer, expected: Expectations, tryServer: Browser['tryServer']): void {
  describe(name, () => {
    let server: RunningServer
    const observed: { -readonly [K in keyof Expectations]?: Expectations[K] } = {}
    beforeAll(async () => {
      server = await start()
      observed.methods = Object.keys(server.clients) as Method[]
      observed.revokedToken = undefined
    })
    afterAll(() => server?.close())

    function configOf(method: Method) {
      const { issuer, metadata, redirectUri, scope, requires } = server
      const client = server.clients[method] as RegisteredClient
      const { fetch, answers } = recordingFetch()
      const config = {
        ...{ issuer, metadata, redirectUri, scope, fetch, clientId: client.clientId, insecure: allowInsecureLoopback },
        clientAuth: PROOFS[method](client),
        signature: checkIdTokenSignature,
        par: requires?.par ? pushed() : undefined,
        dpop: requires?.dpop ? createDpop(createSigningKey) : undefined,
      }
      return { config, answers, client }
    }

    it.runIf(expected.methods.includes('none'))('signs in, refreshes and signs out as a browser app', async () => {
      const { config } = configOf('none')
      const visitor = createVisitor()
      const postLogoutRedirectUri = new URL('/', server.redirectUri).href
      let left: string | undefined
      const navigate = (url: string) => {
        left = url
      }
      const client = createSessionClient({
        ...{ ...config, postLogoutRedirectUri, navigate },
        vault: memoryVault(),
        sessionStore: memorySessions(),
        userAgent: travelBy((url) => server.signIn(visitor, url)),
      })
      try {
        const result = await client.signIn({ returnTo: '/orders?page=2', appState: { cart: 3 } })
        expect(result).toMatchObject({ returnTo: '/orders?page=2', appState: { cart: 3 } })
        expect(client.session).toBeDefined()
        const first = await client.getAccessToken()
        const second = await client.getAccessToken({ fresh: true })
        // Also the refresh token of a refresh works.
        const third = await client.getAccessToken({ fresh: true })
        expect(new Set([first, second, third]).size).toBe(3)

        await client.signOut()
        expect(client.session).toBeUndefined()
        await expect(client.getAccessToken()).rejects.toMatchObject({ code: 'login_required' })
        if (left) {
          const stop = await visitor.follow(left, postLogoutRedirectUri)
          observed.endSession = stop.page === undefined ? 'back to the app' : 'to a page'
          if (stop.page === undefined) expect(await client.handleSignedOut(stop.url)).toEqual({ returnTo: '/' })
        }
      } finally {
        client.close()
      }
    })

    it.each(expected.methods)('signs in, refreshes and revokes as a server-side app: %s', async (method) => {
      const { config, answers, client } = configOf(method)
      const app = createServerClient({ ...config, vault: memoryVault({ maxRecords: 10 }) })
      async function signIn() {
        const browser = createAppVisitor()
        const start = await app.signIn(browser.request(new URL('/login', server.redirectUri)))
        browser.receive(start.headers)
        const callback = await server.signIn(createVisitor(), `${start.headers.get('location')}`)
        return { callback, ...(await app.handleCallback(browser.request(callback))) }
      }
      const { callback, tokens, claims } = await signIn()
      const refreshed = await app.refresh(`${tokens.refreshToken}`, { previousClaims: claims })
      expect(refreshed.tokens.accessToken).not.toBe(tokens.accessToken)

      const [signedIn, renewed] = answers.filter(({ body }) => body['access_token'])
      const metadata = server.metadata ?? (await discover(server.issuer, { insecure: allowInsecureLoopback }))
      observed.metadata = answers.find(({ path, status }) => path.includes('/.well-known/') && status === 200)?.path
      observed.listsPkce = !!metadata.code_challenge_methods_supported?.includes('S256')
      observed.issInCallback = new URL(callback).searchParams.has('iss')
      observed.idToken = algorithmOf(signedIn?.body['id_token'])
      observed.tokenType = `${signedIn?.body['token_type']}`
      observed.refreshToken = afterRefresh(signedIn, renewed)

      if (method === 'client_secret_basic') {
        const another = await signIn()
        observed.basic = await basicForms(metadata.token_endpoint, client, `${another.tokens.refreshToken}`)
      }
      const token = `${refreshed.tokens.refreshToken}`
      if (metadata.revocation_endpoint) {
        await app.revoke(token, { tokenTypeHint: 'refresh_token' })
        observed.revokedToken = await outcome(app.refresh(token))
      }
      await expect(app.refresh('unknown')).rejects.toMatchObject({ code: 'token_request_refused' })
      const { status, body } = answers.at(-1) ?? {}
      observed.unknownToken = `${status} ${body?.['error']}`
    })

    it.runIf(expected.failuresInBrowser)('is used by a page in Chromium', async () => {
      observed.failuresInBrowser = await tryServer(start)
    })

    it('deviates as expected, and not more', () => {
      expect(observed).toEqual(expected)
    })
  })
}

/** Tests each of these servers, with one browser for all. */
export function testServers<Name extends string>(
  servers: Readonly<Record<Name, StartServer>>,
  expectations: Readonly<Record<NoInfer<Name>, Expectations>>,
): void {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())
  for (const name of Object.keys(servers) as Name[])
    testServer(name, servers[name], expectations[name], (start) => browser.tryServer(start))
}
