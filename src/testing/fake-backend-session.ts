import type { BackendSessionClient, BackendSessionClientConfig } from '../client/backend/backend-session-config.js'
import { backendStepUp } from '../client/backend/backend-step-up.js'
import { createBackendSessionClient } from '../client/backend/create-backend-session-client.js'
import type { ProofkeyEvent } from '../events.js'
import type { Fetch } from '../protocol/request.js'
import { connection } from './connection.js'
import { type AuthenticationDemand, meets, nothingThere, stepUpChallenge } from './fake-api.js'
import type { FakeSession, FakeSessionOptions } from './fake-session.js'
import { failedFetch } from './server/fault.js'
import type { TestGrant, TestUser } from './server/issued.js'
import { toPlainRequest } from './server/plain-request.js'

/** Options of {@link fakeBackendSession}. */
export interface FakeBackendSessionOptions extends Pick<FakeSessionOptions, 'claims' | 'scope' | 'start' | 'api'> {
  /** Options of the app's own client. `backend` is `/auth` by default. */
  readonly config?: Partial<Omit<BackendSessionClientConfig, 'fetch'>> | undefined
}

/** A session of a backend without the backend, and the switches of a test; see {@link fakeBackendSession}. */
export interface FakeBackendSession
  extends Pick<
    FakeSession,
    'events' | 'navigations' | 'expire' | 'goOffline' | 'goOnline' | 'signOutInAnotherTab' | 'answer' | 'close'
  > {
  /** The client for the app under test: one of `createBackendSessionClient`. */
  readonly auth: BackendSessionClient
  /** The user is back from the sign-in at the backend. */
  signInAs(user: TestUser): Promise<void>
  /** From now on the app's own paths demand this of the user's sign-in (RFC 9470); without it, nothing any more. */
  requireStepUp(demand?: AuthenticationDemand): void
}

/**
 * A signed-in page of a backend for frontend without the backend, for the tests of an app. It is the client of
 * `createBackendSessionClient` itself; only what the backend would answer is made up. It needs a page: jsdom, happy-dom or a
 * browser. `signIn()` and `signOut()` do not leave it; where they would go is in `navigations`.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { fakeBackendSession } from 'proofkey/testing'
 *
 * const fake = await fakeBackendSession({ claims: { sub: 'ada' } })
 * await fake.auth.start()
 * console.log(fake.auth.session?.claims?.sub) // ada; give `fake.auth` to the code under test
 * ```
 */
export async function fakeBackendSession(options: FakeBackendSessionOptions = {}): Promise<FakeBackendSession> {
  const { scope = 'openid profile email', start = 'signed_in', config = {} } = options
  const { backend = '/auth' } = config
  const issuer = 'https://as.test'
  let api = options.api ?? nothingThere
  const network = connection()
  let demand: AuthenticationDemand = {}
  let leftMs = 8 * 3_600_000
  let grant: TestGrant | undefined
  const events: ProofkeyEvent[] = []
  const navigations: string[] = []

  const signIn = (user: TestUser) => {
    const acr = demand.acrValues?.split(' ')[0] ?? (user['acr'] as string | undefined)
    grant = { clientId: 'app', user, scope, nonce: undefined, acr, authTimeSeconds: Math.floor(Date.now() / 1000) }
  }

  function described() {
    if (!grant) return null
    const { user, acr, authTimeSeconds } = grant
    const claims = { ...user, iss: issuer, aud: 'app', auth_time: authTimeSeconds, ...(acr !== undefined && { acr }) }
    return { claims, scope, startedAtMs: authTimeSeconds * 1000, endsAtMs: Date.now() + leftMs, endsInMs: leftMs }
  }

  const fetch: Fetch = async (input, init = {}) => {
    if (!network.isOnline) throw failedFetch()
    const { request } = await toPlainRequest(input, init)
    if (new URL(request.url).pathname === `${backend}/session`) return Response.json({ session: described() })
    if (!grant) return Response.json({ code: 'login_required' }, { status: 401 })
    return meets(grant, demand) ? api(request, grant) : stepUpChallenge(demand)
  }

  const auth = createBackendSessionClient({
    stepUp: backendStepUp,
    navigate: (url) => void navigations.push(url),
    ...config,
    backend,
    fetch,
  })
  const { signOut, fetch: send } = auth
  // In jsdom, `Request` is Node's, which knows no page that a path could be of.
  auth.fetch = (input, init) => send(typeof input === 'string' ? new URL(input, location.href).href : input, init)
  auth.signOut = (options) => {
    grant = undefined
    // The client submits a form before it gives way: a page under test cannot leave.
    const { prototype } = HTMLFormElement
    const { submit } = prototype
    prototype.submit = function record() {
      navigations.push(this.action)
    }
    try {
      return signOut(options)
    } finally {
      prototype.submit = submit
    }
  }
  auth.subscribe((event) => void events.push(event))

  if (start === 'signed_in') signIn(options.claims ?? { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' })
  await auth.restore()
  return {
    auth,
    events,
    navigations,
    async signInAs(user) {
      signIn(user)
      await auth.restore()
    },
    async expire() {
      // First the backend says that the time is up, then that nobody is signed in.
      const before = leftMs
      leftMs = 0
      await auth.restore()
      grant = undefined
      leftMs = before
      await auth.restore()
    },
    goOffline: network.goOffline,
    goOnline: network.goOnline,
    async signOutInAnotherTab() {
      grant = undefined
      await auth.restore()
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
