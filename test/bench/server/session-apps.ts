import { getIronSession, type SessionOptions } from 'iron-session'
import {
  clientSecretBasic,
  createServerSessionClient,
  memoryVault,
  type ServerSessionClient,
  type ServerSessionStore,
} from '../../../src/server.js'
import { createVisitor } from '../../helpers/visitor.js'
import { createAuthorizationServer } from './authorization-server.js'

export const ORIGIN = 'https://app.example'
const SETUP = { clientId: 'web', redirectUri: `${ORIGIN}/auth/callback`, scope: 'openid profile' }
const API = 'https://api.example'

/** An API that everybody may call. */
const api = async () => new Response('orders')

/** An app whose sessions are in this store. `open` is one process of it. */
export async function createSessionBench(sessionStore: () => ServerSessionStore) {
  const { authorize, fetch, metadata } = await createAuthorizationServer(SETUP.clientId)
  const open = () =>
    createServerSessionClient({
      ...SETUP,
      issuer: metadata.issuer,
      metadata,
      clientAuth: clientSecretBasic('s3cret'),
      vault: memoryVault({ maxRecords: 10_000 }),
      sessionStore: sessionStore(),
      idleSeconds: 1800,
      apis: { [API]: {} },
      fetch: (...given) => (given[1]?.body ? fetch(...given) : api()),
    })
  return {
    open,
    /** @returns browsers, each with a session of its own */
    async signIn(auth: ServerSessionClient, people: number) {
      const visitors = Array.from({ length: people }, () => createVisitor())
      for (const visitor of visitors) {
        const start = await auth.handle(visitor.request(`${ORIGIN}/auth/sign-in`))
        visitor.receive(start!.headers)
        const back = await auth.handle(visitor.request(await authorize(start!.headers.get('location') ?? '')))
        visitor.receive(back!.headers)
        if (back!.status !== 303) throw new Error(await back!.text())
      }
      return visitors
    },
    API,
  }
}

const options: SessionOptions = {
  password: 'a password of at least thirty-two characters',
  cookieName: '__Host-session',
  ttl: 43_200,
  cookieOptions: { path: '/', httpOnly: true, secure: true, sameSite: 'lax' },
}

interface Held {
  claims?: { readonly sub: string }
  accessToken?: string
  refreshToken?: string
  expiresAtMs?: number
}

/** What a careful developer writes with iron-session: claims and tokens in one sealed cookie. */
export const ironSession = {
  async signIn(people: number) {
    const visitors = Array.from({ length: people }, () => createVisitor())
    for (const visitor of visitors) {
      const response = new Response()
      const session = await getIronSession<Held>(visitor.request(ORIGIN), response, options)
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: 'https://as.example', aud: 'web', sub: 'ada', iat: now, exp: now + 300, auth_time: now }
      const [accessToken, refreshToken] = [crypto.randomUUID(), crypto.randomUUID()]
      Object.assign(session, { claims, accessToken, refreshToken, expiresAtMs: Date.now() + 3_600_000 })
      await session.save()
      visitor.receive(response.headers)
    }
    return visitors
  },
  /** @returns whose session it is */
  async read(request: Request): Promise<string | undefined> {
    const { claims, expiresAtMs = 0 } = await getIronSession<Held>(request, new Response(), options)
    return expiresAtMs > Date.now() ? claims?.sub : undefined
  },
}
