import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import '../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import { sendResponse, toRequest } from '../../src/node.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  isProofkeyError,
  memoryVault,
  type ProofkeyEvent,
  sealedCookie,
} from '../../src/server.js'
import { createPerson } from '../helpers/person.js'
import { trimmedHeader } from '../helpers/trimming-cookies.js'
import { createVisitor } from '../helpers/visitor.js'
import type { Site } from './browser.js'

const client_secret = 's3cret'
const VAULTS = {
  cookie: () => sealedCookie({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }] }),
  memory: () => memoryVault({ maxRecords: 1000 }),
}
export type VaultName = keyof typeof VAULTS

/** What a browser's last callback brought. */
export interface Callback {
  readonly cookie: string
  readonly answer: string
}

export interface TossingSite extends Site {
  /** A page of the sibling sub-domain that sets the attacker's cookie and goes on to the attacker's callback. */
  readonly evil: string
  readonly events: ProofkeyEvent[]
  readonly callbacks: Callback[]
  /**
   * The attacker signs in at the app as `mallory`, and does not open the callback.
   * @param before what stands before the cookie's name when the sibling sets it
   */
  prepare(vault: VaultName, before: string): Promise<void>
  /** Reads cookies as servers do that trim names. */
  trims: boolean
}

/**
 * An app at `app.site.localhost` and a page that an attacker controls at `evil.site.localhost`, which may set cookies for
 * all of `site.localhost`. `/cookie/login`, `/memory/login`: the app's sign-ins, by where they wait.
 */
export async function tossingSite(): Promise<TossingSite> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://app.site.localhost:${port}`
  const evil = `http://evil.site.localhost:${port}/`
  const names = Object.keys(VAULTS) as VaultName[]
  const provider = await startProvider({
    ...browserClient('web', []),
    clients: [
      {
        client_id: 'web',
        client_secret,
        redirect_uris: names.map((name) => `${url}/${name}/callback`),
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
  })
  const events: ProofkeyEvent[] = []
  const clients = new Map(
    names.map((name) => {
      const client = createServerClient({
        issuer: provider.issuer,
        clientId: 'web',
        redirectUri: `${url}/${name}/callback`,
        scope: 'openid',
        clientAuth: clientSecretBasic(client_secret),
        vault: VAULTS[name](),
        insecure: allowInsecureLoopback,
      })
      client.subscribe((event) => events.push(event))
      return [name as string, client] as const
    }),
  )
  let tossed = { cookie: '', callback: url }
  const site: TossingSite = {
    url,
    evil,
    issuer: provider.issuer,
    events,
    callbacks: [],
    trims: false,
    async prepare(name, before) {
      const attacker = createVisitor()
      const response = await clients.get(name)!.signIn(attacker.request(`${url}/${name}/login`))
      attacker.receive(response.headers)
      const location = response.headers.get('location') ?? ''
      const callback = await createPerson('mallory').travel(location, `${url}/${name}/callback`)
      const [[cookie, value] = ['', '']] = attacker.cookies
      tossed = { cookie: `${before}${cookie}=${value}; Domain=site.localhost; Path=/`, callback }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await provider.close()
    },
  }

  async function answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url)
    if (hostname === 'evil.site.localhost') {
      return new Response(null, { status: 303, headers: { 'set-cookie': tossed.cookie, location: tossed.callback } })
    }
    const [, name = '', page] = pathname.split('/')
    const client = clients.get(name)
    if (client && page === 'login') return client.signIn(request)
    if (!client || page !== 'callback') return new Response('app')
    const cookie = request.headers.get('cookie') ?? ''
    const headers = new Headers(request.headers)
    if (site.trims) headers.set('cookie', trimmedHeader(cookie))
    const { text, sent } = await client.handleCallback(new Request(request.url, { headers })).then(
      (result) => ({ text: `signed in as ${result.claims?.sub}`, sent: result.headers }),
      (error) => {
        if (!isProofkeyError(error)) throw error
        return { text: error.code, sent: error.headers }
      },
    )
    site.callbacks.push({ cookie, answer: text })
    return new Response(text, sent && { headers: sent })
  }
  server.on('request', async (incoming, outgoing) => {
    const failed = (error: unknown) => new Response(String(error), { status: 500 })
    await sendResponse(outgoing, await answer(toRequest(incoming)).catch(failed))
  })
  return site
}
