import {
  checkIdTokenSignature,
  createDpop,
  createServerSessionClient,
  createSigningKey,
  fapi2,
  memoryServerSessions,
  memoryVault,
  type ProofkeyEvent,
  privateKeyJwt,
  pushed,
  type ServerSessionClientConfig,
} from '../../src/server.js'
import { type FapiServer, REDIRECT_URI } from './fapi-server.js'
import { givenToFetch } from './given-to-fetch.js'
import { createPerson } from './person.js'
import { createVisitor } from './visitor.js'

/** What a browser sends if the user typed the address. */
export const TYPED = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** Changes what the server answers. */
export type Bend = (url: URL, response: Response) => Response | Promise<Response>

/** Changes members of the metadata document. */
export const bendMetadata =
  (changes: object): Bend =>
  async (url, response) =>
    url.pathname.includes('/.well-known/') ? Response.json({ ...(await response.json()), ...changes }) : response

const signingKey = createSigningKey()
export const ownDpop = () => createDpop(() => signingKey)

/** The options of a client with the profile, and the same ones without it. */
export const optionsOf = ({ jwk }: FapiServer) => {
  const [clientAuth, dpop] = [privateKeyJwt(jwk), ownDpop()]
  return {
    profile: fapi2({ clientAuth, senderConstrained: dpop }),
    plain: { clientAuth, dpop, par: pushed(), signature: checkIdTokenSignature },
  }
}

/** A server-side app of one of the registered clients, and one browser. */
export function createFapiApp(server: FapiServer, clientId: string, options: object, bend: Bend = (_, one) => one) {
  const { fetch: send } = { fetch: server.fetch as typeof fetch, ...options }
  const events: ProofkeyEvent[] = []
  const config = {
    ...{ issuer: server.issuer, clientId, redirectUri: REDIRECT_URI, scope: 'openid offline_access' },
    vault: memoryVault({ maxRecords: 10 }),
    sessionStore: memoryServerSessions(),
    apis: { [server.issuer]: {} },
    ...options,
    async fetch(...given: Parameters<typeof fetch>) {
      const { url, init } = await givenToFetch(...given)
      return bend(new URL(url), await send(url, init))
    },
  } as unknown as ServerSessionClientConfig
  const auth = createServerSessionClient(config)
  auth.subscribe((event) => events.push(event))
  const visitor = createVisitor()
  const request = (path: string, headers: HeadersInit = TYPED) =>
    visitor.request(new URL(path, REDIRECT_URI), { headers })
  async function visit(path: string, headers?: HeadersInit): Promise<Response> {
    const response = await auth.handle(request(path, headers))
    if (!response) throw new Error(`nobody serves ${path}`)
    visitor.receive(response.headers)
    return response
  }
  return {
    auth,
    events,
    request,
    visit,
    visitor,
    /** Until the user is at the server. */
    async leave(query = ''): Promise<URL> {
      const response = await visit(`/auth/sign-in${query}`)
      if (response.status !== 303) throw new Error(`${response.status} ${await response.text()}`)
      return new URL(`${response.headers.get('location')}`)
    },
    /** What the server sends the browser to. */
    answer: async (url: URL) => createPerson('ada', server.fetch as typeof fetch).travel(url, REDIRECT_URI),
    async signIn(query = ''): Promise<Response> {
      return visit(await this.answer(await this.leave(query)))
    },
    /** The code of the error that ended the last sign-in. */
    failure: () => events.findLast(({ type }) => type === 'sign_in_failed') as { code: string } | undefined,
  }
}
