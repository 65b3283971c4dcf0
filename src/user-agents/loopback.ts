import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { pageVault } from '../vault/page-memory.js'
import { waitForCallback } from './callback-wait.js'
import type { UserAgent } from './user-agent.js'

/** Options of {@link loopback}. */
export interface LoopbackOptions {
  /**
   * Opens a URL in the user's browser, for example the npm package `open`. Default, and if it fails: prints the URL to
   * stderr.
   */
  readonly open?: ((url: string) => unknown) | undefined
  /** How long to wait for the callback. Default 300. */
  readonly timeoutSeconds?: number | undefined
  /** Plain text of the last page after a successful sign-in. Default `Signed in. You can close this window.` */
  readonly signedInText?: string | undefined
  /** Plain text of the last page after a failed sign-in; the error code is appended. Default `Sign-in failed.` */
  readonly failedText?: string | undefined
}

/**
 * For desktop and command-line apps: the user signs in with the system browser, which is redirected to an HTTP server on
 * a loopback port (RFC 8252 §7.3). `signIn` resolves with the result. The server runs only during the sign-in and answers
 * every request but the callback with 404.
 *
 * `redirectUri` is `http://127.0.0.1/callback` or `http://[::1]/callback`. Register it for a native app: each sign-in adds
 * a free port, which authorization servers must allow. A port in `redirectUri` is used as it is. `localhost` is NOT
 * RECOMMENDED (§8.3); with it, the server listens on both addresses of that name.
 *
 * `signIn` rejects with `config_invalid` if `redirectUri` is another URL, if its port is taken, or if `responseMode` is
 * `fragment` (browsers send no fragment to a server), and with `timeout`.
 * @example
 * ```ts
 * import { createClient, memoryVault } from 'proofkey'
 * import { loopback } from 'proofkey/node'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-cli',
 *   redirectUri: 'http://127.0.0.1/callback',
 *   vault: memoryVault(),
 *   userAgent: loopback(),
 * })
 * const result = await auth.signIn()
 * ```
 */
export function loopback({
  open = printLink,
  timeoutSeconds = 300,
  signedInText = 'Signed in. You can close this window.',
  failedText = 'Sign-in failed.',
}: LoopbackOptions = {}): UserAgent {
  return {
    name: 'loopback',
    memory: pageVault(),
    async open(attempt) {
      let receive = (_url: string) => {}
      let show = (_text: string) => {}
      const text = new Promise<string>((resolve) => {
        show = resolve
      })
      const responses: ServerResponse[] = []
      const { redirectUri, close } = await listen(attempt.redirectUri, async (request, response) => {
        const url = requestedUrl(request, redirectUri)
        if (!url || !attempt.isCallback(url)) return response.writeHead(404, HEADERS).end()
        responses.push(response)
        receive(url)
        sendPage(response, await text)
      })
      try {
        const { url, responseMode } = await attempt.begin({ redirectUri })
        if (responseMode === 'fragment')
          throw configInvalid('responseMode is fragment, which no server receives', 'Omit it, or set it to query.')
        const callback = await waitForCallback(attempt, timeoutSeconds, async (wait) => {
          receive = wait.receive
          // `open` fails where no browser can be started, for example over SSH.
          const opening = async () => open(url.href)
          await opening().catch(() => printLink(url.href))
        })
        await attempt.complete(callback)
        show(signedInText)
      } catch (error) {
        show(isProofkeyError(error) ? `${failedText} (${error.code})` : failedText)
        throw error
      } finally {
        // Let the browser receive the page before the connections are cut. A pipelined second request on the same
        // connection has no socket yet and gets no page.
        await Promise.allSettled(responses.map((response) => response.socket && finished(response)))
        await close()
      }
    },
  }
}

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1]|localhost)(?::(\d+))?(?=[/?]|$)/i

/** @returns the redirect URI with the actual port */
async function listen(redirectUri: string, listener: RequestListener) {
  const [origin = '', host = '', port] = LOOPBACK.exec(redirectUri) ?? []
  if (!origin) throw configInvalid('loopback() needs a redirectUri like http://127.0.0.1/callback')
  const addresses = /local/i.test(host) ? ['127.0.0.1', '::1'] : [host.replace(/[[\]]/g, '')]
  const servers = await bind(addresses, Number(port ?? 0), listener)
  return {
    redirectUri: redirectUri.replace(origin, `http://${host}:${portOf(servers[0])}`),
    close: () => Promise.all(servers.map(end)),
  }
}

/**
 * Listens on the same port of all addresses that this machine has: another program could receive the callback on an
 * address that stays free.
 */
async function bind(
  addresses: readonly string[],
  wantedPort: number,
  listener: RequestListener,
  tries = 10,
): Promise<Server[]> {
  const servers: Server[] = []
  let failure: unknown
  for (const host of addresses) {
    const server = createServer(LIMITS, listener)
    try {
      await once(server.listen({ host, port: portOf(servers[0]) || wantedPort }), 'listening')
      // An error on one connection (too many open files) must not end the process.
      server.on('error', () => {})
      servers.push(server)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!/^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(`${code}`) || addresses.length < 2) failure = code
    }
  }
  if (servers.length && !failure) return servers
  await Promise.all(servers.map(end))
  if (servers.length && !wantedPort && tries) return bind(addresses, 0, listener, tries - 1)
  throw configInvalid(
    `cannot listen on the port of redirectUri (${failure})`,
    'Omit the port: each sign-in then uses a free one.',
  )
}

/** Short, because the browser runs on this machine. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 5_000, connectionsCheckingInterval: 5_000 }

const portOf = (server: Server | undefined): number => (server ? (server.address() as AddressInfo).port : 0)

async function end(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

/**
 * The requested URL, without a fragment; undefined if it cannot be the callback. The `Host` must match: with DNS rebinding, a
 * web page can send requests to this server, but only under its own host name.
 */
function requestedUrl({ method, headers, url = '' }: IncomingMessage, redirectUri: string): string | undefined {
  const { host, origin } = new URL(redirectUri)
  return method === 'GET' && headers.host === host && url.startsWith('/') ? origin + url.split('#')[0] : undefined
}

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
}
/** Removes the code from the address bar and the history. */
const SCRIPT = "history.replaceState(null,'','/')"
const STYLE = 'body{font:1.2rem/1.6 system-ui;margin:4rem 1rem;text-align:center}'

function sendPage(response: ServerResponse, text: string): void {
  const source = (code: string) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`
  const safe = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  response
    .writeHead(200, {
      ...HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src ${source(SCRIPT)}; style-src ${source(STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    })
    .end(
      `<!doctype html><html><head><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${safe}</title><script>${SCRIPT}</script><style>${STYLE}</style></head><body><p>${safe}</p></body></html>`,
    )
}

const printLink = (url: string) => process.stderr.write(`To sign in, open this link on this machine:\n${url}\n`)

const configInvalid = (what: string, hint = 'Register http://127.0.0.1/callback for a native app.') =>
  new ProofkeyError('config_invalid', `Invalid configuration: ${what}.`, hint)
