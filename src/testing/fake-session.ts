import { createSessionClient, type SessionClient, type SessionClientConfig } from '../client/create-session-client.js'
import type { ProofkeyEvent } from '../events.js'
import type { Fetch } from '../protocol/request.js'
import type { Grant } from '../protocol/token/complete.js'
import type { Dpop } from '../protocol/token/dpop.js'
import { partsOf } from '../session/session-parts.js'
import type { StoredSession } from '../session/session-record.js'
import { fromText, signedIn, toText } from '../session/session-state.js'
import { stepUp } from '../session/step-up.js'
import { memoryVault } from '../vault/memory.js'
import { memorySessions, type SessionStore } from '../vault/session-store.js'
import { connection } from './connection.js'
import { type ApiHandler, type AuthenticationDemand, meets, nothingThere, stepUpChallenge } from './fake-api.js'
import { createTestServer } from './server/create-test-server.js'
import { failedFetch } from './server/fault.js'
import type { TestUser } from './server/issued.js'
import { toPlainRequest } from './server/plain-request.js'
import type { TestServer } from './server/test-server.js'
import { testUserAgent } from './test-user-agent.js'

/** Options of {@link fakeSession}. */
export interface FakeSessionOptions {
  /** The claims of the user who is signed in; `sub` is what tells users apart. Default: those of Ada Lovelace. */
  readonly claims?: TestUser | undefined
  /** The scope of the session. Default `openid profile email`. */
  readonly scope?: string | undefined
  /** `nobody`: starts without a session. Default `signed_in`. */
  readonly start?: 'signed_in' | 'nobody' | undefined
  /** Answers what the app requests of its `apis`. Default: status 404. */
  readonly api?: ApiHandler | undefined
  /** Options of the app's own client, for example `apis`, `dpop`, `idleSeconds`, `postLogoutRedirectUri`. */
  readonly config?: Partial<Omit<SessionClientConfig, 'fetch'>> | undefined
}

/** A session without network, and the switches of a test; see {@link fakeSession}. */
export interface FakeSession<Given extends Grant = Grant> {
  /** The client for the app under test: one of `createSessionClient`. */
  readonly auth: SessionClient<Given>
  /** The authorization server behind it, for faults: `server.next('token', { status: 503 })`. */
  readonly server: TestServer
  /** Every event of the client, the oldest first. */
  readonly events: readonly ProofkeyEvent[]
  /** The URLs that the client has navigated to: at a sign-out with `postLogoutRedirectUri`. */
  readonly navigations: readonly string[]
  /** Signs in as this user; a session of another user ends (`session_ended`, `replaced`). */
  signInAs(user: TestUser): Promise<void>
  /** The access tokens have expired: the next use refreshes. */
  expireAccessTokens(): Promise<void>
  /** The session ends now (`session_ended`, `expired`), as when its time is up. */
  expire(): Promise<void>
  /** The access tokens have expired and the server refuses the refresh: the next use ends the session (`refused`). */
  refuseRefresh(): Promise<void>
  /** Every request fails as without a network, until {@link FakeSession.goOnline}; a page gets the event `offline`, then `online`. */
  goOffline(): void
  goOnline(): void
  /** Signs out in another tab that shares the session (`session_ended`, `elsewhere`). */
  signOutInAnotherTab(): Promise<void>
  /** From now on the APIs demand this of the user's sign-in (RFC 9470); without it, nothing any more. */
  requireStepUp(demand?: AuthenticationDemand): void
  /** Answers the APIs from now on. */
  answer(api: ApiHandler): void
  /** Closes the client: call it at the end of a test. */
  close(): void
}

/**
 * A signed-in client without network, for the tests of an app. It is the client of `createSessionClient` itself, over memory and a
 * {@link createTestServer}: states, events and errors are those of production. It needs no page; where there is one, `start()`
 * restores the session as after a reload.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { fakeSession } from 'proofkey/testing'
 *
 * const fake = await fakeSession({ claims: { sub: 'ada' }, config: { apis: { 'https://api.example.com': {} } } })
 * console.log(fake.auth.session?.claims?.sub) // ada; give `fake.auth` to the code under test
 * await fake.expire()
 * fake.close()
 * ```
 */
export function fakeSession(
  options: FakeSessionOptions & { readonly config: { readonly dpop: Dpop } },
): Promise<FakeSession<Grant<'dpop'>>>
export function fakeSession(options?: FakeSessionOptions): Promise<FakeSession<Grant<'bearer'>>>
export async function fakeSession(options: FakeSessionOptions = {}): Promise<FakeSession> {
  const { claims, scope = 'openid profile email', start = 'signed_in', config: given = {} } = options
  let api = options.api ?? nothingThere
  const network = connection()
  let demand: AuthenticationDemand = {}
  const events: ProofkeyEvent[] = []
  const navigations: string[] = []
  const server = createTestServer({ issuer: given.issuer, ...(claims && { user: claims }) })
  const sessionStore: SessionStore = given.sessionStore ?? { ...memorySessions(), shared: true }

  const fetch: Fetch = async (input, init = {}) => {
    if (!network.isOnline) throw failedFetch()
    const { request, signal } = await toPlainRequest(input, init)
    if (signal?.aborted) throw signal.reason
    if (new URL(request.url).origin === new URL(server.issuer).origin) return server.fetch(input, init)
    const accessToken = /^(?:Bearer|DPoP) (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    const grant = accessToken === undefined ? undefined : server.introspect(accessToken)
    if (accessToken !== undefined && !grant)
      return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    if (grant && !meets(grant, demand)) return stepUpChallenge(demand)
    return api(request, grant)
  }

  const config: SessionClientConfig = {
    clientId: 'app',
    redirectUri: 'https://app.test/callback',
    scope,
    vault: memoryVault(),
    stepUp,
    userAgent: testUserAgent(server),
    navigate: (url) => void navigations.push(url),
    ...given,
    issuer: server.issuer,
    fetch,
    sessionStore,
  }
  const auth = createSessionClient(config)
  auth.subscribe((event) => void events.push(event))
  const { flow, machine } = partsOf(auth)

  /** Writes the store as another tab would, and lets this one read it. */
  async function change(edit: (session: StoredSession) => StoredSession): Promise<void> {
    const stored = await sessionStore.read(flow.clientKey)
    const state = fromText(stored)
    if (state.status === 'signed_in')
      await sessionStore.replace(flow.clientKey, stored.epoch, toText(signedIn(state, edit(state.session))))
    await machine.sync()
  }

  const expireAccessTokens = () =>
    change(({ tokens, session, ...rest }) => {
      const past = { expiresAtMs: Date.now() - 1, staleAtMs: Date.now() - 1 }
      const expired = Object.entries(tokens).map(([name, token]) => [name, { ...token, ...past }])
      return { ...rest, session: { ...session, expiresAtMs: past.expiresAtMs }, tokens: Object.fromEntries(expired) }
    })

  async function signInAs(user?: TestUser): Promise<void> {
    server.approve(user)
    await auth.signIn()
  }

  if (start === 'signed_in') await signInAs()
  return {
    auth,
    server,
    events,
    navigations,
    signInAs,
    expireAccessTokens,
    expire: () =>
      change(({ session, ...rest }) => {
        const over = { ...session.claims, session_expiry: Math.floor(Date.now() / 1000) - 1 }
        return { ...rest, session: { ...session, claims: over as unknown as typeof session.claims } }
      }),
    async refuseRefresh() {
      server.refuseRefresh()
      await expireAccessTokens()
    },
    goOffline: network.goOffline,
    goOnline: network.goOnline,
    async signOutInAnotherTab() {
      const other = createSessionClient(config)
      await other.signOut({ atServer: false })
      other.close()
      await machine.sync()
    },
    requireStepUp(next = {}) {
      demand = next
    },
    answer(next) {
      api = next
    },
    close: () => auth.close(),
  }
}
