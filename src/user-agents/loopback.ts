import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { answerOf } from './answer.js'
import type { UserAgent } from './user-agent.js'

export interface LoopbackOptions {
  /**
   * Opens a URL in the person's browser, for example the npm package `open`. Default, and where it fails: prints the link
   * to stderr, to be opened on this machine.
   */
  readonly open?: ((url: string) => unknown) | undefined
  /** How long to wait for the person. Default 300. */
  readonly timeoutSeconds?: number | undefined
  /** What the last page says, as plain text. Default `Signed in. You can close this window.` */
  readonly signedInText?: string | undefined
  /** What it says where the sign-in failed; the error's code follows. Default `Sign-in failed.` */
  readonly failedText?: string | undefined
}

/**
 * For desktop and command-line apps: the person signs in in their own browser, which comes back to a port of this
 * machine that is listened at meanwhile (RFC 8252 §7.3); `signIn` resolves with the result. Whatever else is asked there
 * gets 404 and ends nothing.
 *
 * `redirectUri` is `http://127.0.0.1/callback` or `http://[::1]/callback`, registered for a native app: each sign-in puts
 * a free port into it, which servers let native apps do. A port that it names is used as it is. `localhost` is NOT
 * RECOMMENDED (§8.3); where it must be, both addresses that it may stand for are listened at.
 *
 * Fails with `config_invalid` where `redirectUri` is no such URL, its port is taken, or `responseMode` is `fragment`,
 * which no server sees; with `timeout`.
 */
export function loopback({
  open = printLink,
  timeoutSeconds = 300,
  signedInText = 'Signed in. You can close this window.',
  failedText = 'Sign-in failed.',
}: LoopbackOptions = {}): UserAgent {
  return {
    name: 'loopback',
    keepsPage: true,
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
        if (responseMode === 'fragment') throw configInvalid('responseMode', 'Leave it out, or set it to query.')
        const answer = await answerOf(attempt, timeoutSeconds, async ({ answer }) => {
          receive = answer
          // There may be no browser that it could start.
          const opening = async () => open(url.href)
          await opening().catch(() => printLink(url.href))
        })
        await attempt.complete(answer)
        show(signedInText)
      } catch (error) {
        show(isProofkeyError(error) ? `${failedText} (${error.code})` : failedText)
        throw error
      } finally {
        // Who waits for the page gets it, before the connections are cut.
        // A second request on one connection, behind the first, has no socket and gets none.
        await Promise.allSettled(responses.map((response) => response.socket && finished(response)))
        await close()
      }
    },
  }
}

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1]|localhost)(?::(\d+))?(?=[/?]|$)/i

/** @returns the redirect URI with the port that is listened at */
async function listen(redirectUri: string, listener: RequestListener) {
  const [origin = '', host = '', port] = LOOPBACK.exec(redirectUri) ?? []
  if (!origin) throw configInvalid('redirectUri: http://127.0.0.1/callback, for loopback()')
  const addresses = /local/i.test(host) ? ['127.0.0.1', '::1'] : [host.replace(/[[\]]/g, '')]
  const servers = await bind(addresses, Number(port ?? 0), listener)
  return {
    redirectUri: redirectUri.replace(origin, `http://${host}:${portOf(servers[0])}`),
    close: () => Promise.all(servers.map(end)),
  }
}

/**
 * Listens at one port of all these addresses, as far as this machine has them: at one that is left free, another program
 * could wait for the answer.
 */
async function bind(
  addresses: readonly string[],
  wished: number,
  listener: RequestListener,
  tries = 10,
): Promise<Server[]> {
  const servers: Server[] = []
  let failure: unknown
  for (const host of addresses) {
    const server = createServer(LIMITS, listener)
    try {
      await once(server.listen({ host, port: portOf(servers[0]) || wished }), 'listening')
      // What goes wrong with one connection, as where the process has too many files open, ends nothing.
      server.on('error', () => {})
      servers.push(server)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!/^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(`${code}`) || addresses.length < 2) failure = code
    }
  }
  if (servers.length && !failure) return servers
  await Promise.all(servers.map(end))
  if (servers.length && !wished && tries) return bind(addresses, 0, listener, tries - 1)
  throw configInvalid(`redirectUri: nothing can listen at its port (${failure}); without one, a free port is found`)
}

/** A browser on this machine is quick. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 5_000, connectionsCheckingInterval: 5_000 }

const portOf = (server: Server | undefined): number => (server ? (server.address() as AddressInfo).port : 0)

async function end(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

/**
 * The URL that was asked for; undefined for what no browser sends that comes back. Under another host, a page elsewhere
 * has made its name mean this machine (DNS rebinding).
 */
function requestedUrl({ method, headers, url = '' }: IncomingMessage, redirectUri: string): string | undefined {
  const { host, origin } = new URL(redirectUri)
  return method === 'GET' && headers.host === host && url.startsWith('/') ? origin + url : undefined
}

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
}
/** Takes the code out of the address bar and the history. */
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
  new ProofkeyError('config_invalid', `Wrong configuration: ${what}.`, hint)
