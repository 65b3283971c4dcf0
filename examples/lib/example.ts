import '../demo/quiet.js'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { ClientMetadata, Configuration } from 'oidc-provider'
import { browserClient, type RunningProvider, startProvider } from '../demo/provider.js'

/** What an app reads from its surroundings when it is deployed. */
export interface Surroundings {
  /** The authorization server. */
  readonly issuer: string
  /** This app's origin, as people see it. */
  readonly url: string
}

export interface RunningExample extends Surroundings, Pick<RunningProvider, 'provider'> {
  close(): Promise<void>
}

/** The app, or one that has something to end besides. */
export type App = RequestListener | { readonly listener: RequestListener; close(): Promise<void> }

/**
 * Starts an app and the provider that it is registered at. The host names differ, `localhost` and `127.0.0.1`, because
 * cookies know no ports; unless the two are to be one site. On `http://localhost` browsers keep `Secure` cookies all the same.
 * @param client how the app is registered: its id, and how it proves itself
 * @param port the app's; 0 for a free one
 * @param more what else the provider is configured to do, and further clients of it
 */
export async function startExample(
  client: ClientMetadata,
  createApp: (surroundings: Surroundings) => App | Promise<App>,
  port = 0,
  more: Configuration = {},
  providerHost?: string,
): Promise<RunningExample> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, 'localhost', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const ends = [() => new Promise<unknown>((resolve) => server.close(resolve).closeAllConnections())]
  const close = async () => void (await Promise.all(ends.map((end) => end())))
  try {
    const {
      issuer,
      provider,
      close: closeProvider,
    } = await startProvider(registration(client, url, more), 0, providerHost)
    ends.push(closeProvider)
    const app = await createApp({ issuer, url })
    if ('close' in app) ends.push(() => app.close())
    server.on('request', 'listener' in app ? app.listener : app)
    return { url, issuer, provider, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * The addresses of a client may be paths; by default it comes back to `/callback`. Only to the page of a public one the
 * server's endpoints are open.
 */
function registration(client: ClientMetadata, url: string, more: Configuration): Configuration {
  const absolute = (addresses: readonly string[]) => addresses.map((address) => new URL(address, url).href)
  const own = {
    ...client,
    redirect_uris: absolute(client.redirect_uris ?? ['/callback']),
    post_logout_redirect_uris: absolute(client.post_logout_redirect_uris ?? ['/', '/signed-out']),
    // A browser app has nothing that the provider could call.
    ...(client.token_endpoint_auth_method !== 'none' && {
      backchannel_logout_uri: new URL(client.backchannel_logout_uri ?? '/backchannel-logout', url).href,
    }),
  }
  return {
    ...browserClient(client.client_id, own.redirect_uris),
    // By its own way the provider calls no address of this machine, which is where the apps are.
    fetch: (address, init) => fetch(address, { ...init, dispatcher: undefined } as RequestInit),
    ...more,
    features: { backchannelLogout: { enabled: true }, ...more.features },
    clients: [own, ...(more.clients ?? [])],
    clientBasedCORS: (_ctx, origin) => client.token_endpoint_auth_method === 'none' && origin === url,
  }
}

/** Where the file is the command itself, starts the example (at `PORT`), prints its link and ends it on Ctrl-C. */
export async function serve(
  file: string,
  title: string,
  start: (port: number | undefined) => Promise<RunningExample>,
): Promise<void> {
  if (argv[1] !== fileURLToPath(file)) return
  const wished = process.env['PORT']
  const { url, issuer, close } = await start(wished ? Number(wished) : undefined)
  console.log(`\n  ${title}   ${url}\n\n  Any name and password will do. Its OpenID provider is ${issuer}.\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => close().then(() => process.exit(0)))
}
