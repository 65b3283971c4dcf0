import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient, type ProofkeyEvent, type SignInOptions } from '../../src/index.js'
import { type LoopbackOptions, loopback } from '../../src/user-agents/loopback.js'
import { memoryVault } from '../../src/vault/memory.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { guideSnippet } from '../helpers/documents.js'
import { freePort } from '../helpers/loopback.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { signInAttempt } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

/** One request on a connection of its own, with nothing added to it. */
async function ask(
  url: string | URL,
  options: RequestOptions = {},
): Promise<{ message: IncomingMessage; body: string }> {
  const sent = httpRequest(url, { agent: false, ...options })
  sent.end()
  const [message] = (await once(sent, 'response')) as [IncomingMessage]
  return { message, body: await text(message) }
}

const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP/.test(name)).length

describeUserAgent(
  'loopback',
  ({ timeoutSeconds }) => {
    const before = sockets()
    const sent: string[] = []
    return {
      agent: loopback({ timeoutSeconds, open: (url) => void sent.push(url) }),
      redirectUri: 'http://127.0.0.1/callback',
      sent,
      held: () => Math.max(0, sockets() - before),
      async deliver(url) {
        // What is meant for another host comes here all the same, under its name.
        const [, host = '', target = url] = /^[a-z.]+:\/*([^/?#]*)(.*)$/is.exec(url) ?? []
        const last = new URL(new URL(sent.at(-1)!).searchParams.get('redirect_uri')!)
        const port = /^127\.0\.0\.1:(\d+)$/.exec(host)?.[1] ?? last.port
        // As a browser sends it: no fragment, and nothing that a request line cannot hold.
        const path = encodeURI(target.replace(/#.*/s, '')).replace(/%25/g, '%')
        const header = encodeURIComponent(host).replace(/%3A/g, ':')
        const asked = ask(`http://127.0.0.1:${port}`, { path: path || '/', headers: { host: header || last.host } })
        let over = false
        asked.catch(() => {}).finally(() => (over = true))
        // The answer's response waits for the sign-in.
        for (const start = performance.now(); !over && performance.now() - start < 30; ) await setImmediate()
      },
    }
  },
  { beginsLater: true },
)

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A sign-in with the whole client, up to the moment when the person is at the server. */
async function start({
  redirectUri = 'http://127.0.0.1/callback',
  faults = {},
  options = {},
  signIn = {},
}: {
  redirectUri?: string
  faults?: Faults
  options?: LoopbackOptions
  signIn?: SignInOptions
} = {}) {
  const server = createServer(faults)
  const opened: URL[] = []
  const agent = loopback({ open: (url) => void opened.push(new URL(url)), ...options })
  const client = createClient({
    issuer: server.issuer,
    clientId: 'cli',
    redirectUri,
    scope: 'openid',
    fetch: server.fetch,
    vault: memoryVault(),
    userAgent: agent,
  })
  const events: ProofkeyEvent[] = []
  client.subscribe((event) => events.push(event))
  const signedIn = client.signIn(signIn)
  signedIn.catch(() => {})
  await until(() => opened[0])
  const landing = opened[0]!.searchParams.get('redirect_uri') ?? ''
  return { server, client, events, signedIn, landing, url: opened[0]!, callback: await server.visit(opened[0]!) }
}

const isOpen = (url: string) =>
  ask(url).then(
    () => true,
    () => false,
  )

describe('the redirect URI', () => {
  it.each([
    ['http://127.0.0.1/callback', /^http:\/\/127\.0\.0\.1:\d+\/callback$/],
    ['http://127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['http://127.0.0.1/a%20b/?x=1', /^http:\/\/127\.0\.0\.1:\d+\/a%20b\/\?x=1$/],
    ['http://127.0.0.1:0/callback', /^http:\/\/127\.0\.0\.1:[1-9]\d+\/callback$/],
    ['http://[::1]/callback', /^http:\/\/\[::1]:\d+\/callback$/],
    ['http://localhost/callback', /^http:\/\/localhost:\d+\/callback$/],
  ])('%s gets a free port, and nothing else in it changes', async (redirectUri, expected) => {
    const { landing, callback, signedIn, server } = await start({ redirectUri })
    expect(landing).toMatch(expected)
    const { message } = await ask(callback)
    expect(message.statusCode).toBe(200)
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
    expect(server.requests.at(-1)?.body.get('redirect_uri')).toBe(landing)
  })

  it('keeps the port that it names', async () => {
    const redirectUri = `http://127.0.0.1:${await freePort()}/callback`
    const { landing, callback, signedIn } = await start({ redirectUri })
    expect(landing).toBe(redirectUri)
    await ask(callback)
    await signedIn
  })

  it('with a port that is taken is refused before anybody is sent away', async () => {
    const other = createTcpServer().listen(0, '127.0.0.1')
    cleanups.push(() => other.close())
    await once(other, 'listening')
    const open = vi.fn()
    const redirectUri = `http://127.0.0.1:${(other.address() as AddressInfo).port}/callback`
    const { fetch, issuer } = createServer()
    const client = createClient({ issuer, clientId: 'cli', redirectUri, fetch, userAgent: loopback({ open }) })
    expect((await refusal(client.signIn(), 'config_invalid')).message).toContain('EADDRINUSE')
    expect(open).not.toHaveBeenCalled()
  })

  it.each([
    'https://127.0.0.1/callback',
    'https://app.example/callback',
    'http://app.localhost/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.1@evil.example/callback',
    'http://user@127.0.0.1/callback',
    'http://127.0.0.2/callback',
    'http://0.0.0.0/callback',
    'http://[::]/callback',
    'com.example.app:/callback',
  ])('%s is refused', async (redirectUri) => {
    const before = sockets()
    const begin = vi.fn()
    await refusal(loopback().open(signInAttempt({ redirectUri, begin })), 'config_invalid')
    expect(begin).not.toHaveBeenCalled()
    expect(sockets()).toBe(before)
  })

  it('at localhost is listened at on both addresses, so that no other program can wait on one', async () => {
    const { landing, callback, signedIn } = await start({ redirectUri: 'http://localhost/callback' })
    const { host, port } = new URL(landing)
    for (const address of ['127.0.0.1', '[::1]']) {
      const { message } = await ask(`http://${address}:${port}/`, { headers: { host } })
      expect(message.statusCode).toBe(404)
    }
    await ask(callback)
    await signedIn
    for (const address of ['127.0.0.1', '[::1]']) expect(await isOpen(`http://${address}:${port}/`)).toBe(false)
  })

  it('of a client that wants fragments is refused, for no server sees them', async () => {
    const { fetch, issuer } = createServer()
    const open = vi.fn()
    const redirectUri = 'http://127.0.0.1/callback'
    const client = createClient({
      issuer,
      clientId: 'cli',
      redirectUri,
      fetch,
      responseMode: 'fragment',
      userAgent: loopback({ open }),
    })
    expect((await refusal(client.signIn(), 'config_invalid')).hint).toContain('query')
    expect(open).not.toHaveBeenCalled()
  })

  /** Listening at the second address fails as often as it is told. */
  const failSecond = (code: string, times = Number.POSITIVE_INFINITY) => {
    const tried: number[] = []
    const listen = Server.prototype.listen
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, options: unknown) {
      const { host, port } = options as { host: string; port: number }
      if (host !== '::1') return Reflect.apply(listen, this, [options])
      tried.push(port)
      if (tried.length > times) return Reflect.apply(listen, this, [options])
      queueMicrotask(() => this.emit('error', Object.assign(new Error(code), { code })))
      return this
    } as Server['listen'])
    return tried
  }

  it('at localhost is listened at on the one address that this machine has', async () => {
    failSecond('EADDRNOTAVAIL')
    const { callback, signedIn } = await start({ redirectUri: 'http://localhost/callback' })
    callback.hostname = '127.0.0.1'
    await ask(callback, { headers: { host: `localhost:${callback.port}` } })
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('at localhost moves to another port where this one is taken on the other address', async () => {
    const tried = failSecond('EADDRINUSE', 2)
    const { landing, callback, signedIn } = await start({ redirectUri: 'http://localhost/callback' })
    expect(new Set(tried).size).toBe(3)
    expect(new URL(landing).port).toBe(`${tried[2]}`)
    await ask(callback)
    await signedIn
  })

  it('at localhost is refused where the other address is never free, and listened at nowhere', async () => {
    const before = sockets()
    const tried = failSecond('EADDRINUSE')
    const { fetch, issuer } = createServer()
    const open = vi.fn()
    const redirectUri = 'http://localhost/callback'
    const client = createClient({ issuer, clientId: 'cli', redirectUri, fetch, userAgent: loopback({ open }) })
    expect((await refusal(client.signIn(), 'config_invalid')).message).toContain('EADDRINUSE')
    expect(tried.length).toBeGreaterThan(5)
    expect(open).not.toHaveBeenCalled()
    await until(() => sockets() <= before)
  })
})

describe('what is not the answer gets 404 and ends nothing:', () => {
  it.each<[string, (callback: URL) => [URL | string, RequestOptions?]]>([
    ['a favicon', (url) => [new URL('/favicon.ico', url)]],
    ['the start page', (url) => [url.origin]],
    ['another path', (url) => [`${url.origin}${url.pathname}/x${url.search}`]],
    ['another state', (url) => [url.href.replace(/state=\w/, 'state=_')]],
    ['no parameters', (url) => [`${url.origin}${url.pathname}`]],
    ['parameters in a fragment', (url) => [url, { path: `${url.pathname}#${url.search.slice(1)}` }]],
    ['a HEAD', (url) => [url, { method: 'HEAD' }]],
    ['a POST', (url) => [url, { method: 'POST' }]],
    [
      'a preflight',
      (url) => [url, { method: 'OPTIONS', headers: { 'access-control-request-private-network': 'true' } }],
    ],
    ['an unknown method', (url) => [url, { method: 'PROPFIND' }]],
    [
      'a page elsewhere whose name was made to mean this machine',
      (url) => [url, { headers: { host: `evil.example:${url.port}` } }],
    ],
    ['the same machine by another name', (url) => [url, { headers: { host: `localhost:${url.port}` } }]],
    ['a host without its port', (url) => [url, { headers: { host: '127.0.0.1' } }]],
    ['a proxy’s request', (url) => [url, { path: url.href }]],
    ['a proxy’s request for another host', (url) => [url, { path: `http://evil.example${url.pathname}${url.search}` }]],
  ])('%s', async (_, change) => {
    const { callback, signedIn, events, server } = await start()
    const [url, options] = change(callback)
    const { message, body } = await ask(url, options)
    expect(message.statusCode).toBe(404)
    expect(message.headers).toMatchObject({ 'cache-control': 'no-store', connection: 'close' })
    expect(body).toBe('')
    expect(server.requests.filter((request) => request.url.endsWith('/token'))).toEqual([])
    expect(events.map(({ type }) => type)).not.toContain('callback_received')

    expect((await ask(callback)).message.statusCode).toBe(200)
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('a request that is no HTTP', async () => {
    const { callback, signedIn } = await start()
    const socket = connect(Number(callback.port), '127.0.0.1')
    socket.end('\x16\x03\x01 hello\r\n\r\n')
    await once(socket.resume(), 'close')
    await ask(callback)
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('headers without end', async () => {
    const { callback, signedIn } = await start()
    const socket = connect(Number(callback.port), '127.0.0.1')
    await once(socket, 'connect')
    const tooMuch = `GET ${callback.pathname}${callback.search} HTTP/1.1\r\nHost: ${callback.host}\r\nX: ${'x'.repeat(20_000)}`
    socket.write(tooMuch)
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    await ask(callback)
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
  })
})

describe('the last page', () => {
  it('waits for the sign-in, and then says so', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const { callback, signedIn, server } = await start({
      options: { signedInText: 'Angemeldet <b>&"' },
    })
    server.faults.respond = async (body) => {
      await held
      delete server.faults.respond
      return server.fetch(server.metadata.token_endpoint, { method: 'POST', body })
    }
    const page = ask(callback)
    expect(await Promise.race([page.then(() => 'shown'), setTimeout(100, 'waiting')])).toBe('waiting')
    release()
    const { message, body } = await page
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
    expect(message.statusCode).toBe(200)
    expect(message.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    expect(body).toContain('<p>Angemeldet &#60;b&#62;&#38;&#34;</p>')
  })

  it('lets run what it brings along, and nothing else', async () => {
    const { callback } = await start()
    const { message, body } = await ask(callback)
    const policy = message.headers['content-security-policy'] ?? ''
    expect(policy).toMatch(/^default-src 'none'; /)
    expect(policy).not.toMatch(/unsafe|\*|http/)
    for (const [, kind, code = ''] of body.matchAll(/<(script|style)>(.*?)<\/\1>/gs)) {
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(code))).toString('base64')
      expect(policy).toContain(`${kind}-src 'sha256-${digest}'`)
    }
    expect([...body.matchAll(/<script/g)]).toHaveLength(1)
  })

  it('says that it failed by the code alone, and repeats nothing of what came', async () => {
    const { callback, signedIn, server } = await start()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', '<script>alert(1)</script> spoken by the server')
    const { body } = await ask(callback)
    await refusal(signedIn, 'access_denied')
    expect(body).toContain('<p>Sign-in failed. (access_denied)</p>')
    expect(body).not.toMatch(/alert|spoken/)
    for (const [, value] of callback.searchParams) if (value !== 'access_denied') expect(body).not.toContain(value)
    expect(server.requests.filter(({ url }) => url.endsWith('/token'))).toEqual([])
  })

  it('holds no secret after a success either', async () => {
    const { callback, signedIn, server, url } = await start()
    const { body, message } = await ask(callback)
    await signedIn
    const everything = body + JSON.stringify(message.rawHeaders)
    const secrets = [...server.issued, url.searchParams.get('state')!, url.searchParams.get('nonce')!]
    expect(secrets.length).toBeGreaterThanOrEqual(5)
    for (const secret of secrets) expect(everything).not.toContain(secret)
  })

  it('is the same for an answer that comes twice, and one token request is made', async () => {
    const { callback, signedIn, server } = await start()
    const [first, second] = await Promise.all([ask(callback), ask(callback)])
    expect(first.body).toContain('Signed in')
    expect(second.body).toBe(first.body)
    await signedIn
    expect(server.requests.filter(({ url }) => url.endsWith('/token'))).toHaveLength(1)
  })
})

describe('afterwards', () => {
  it('nothing listens, also where connections are still open', async () => {
    const before = sockets()
    const { callback, signedIn, landing } = await start()
    const idle: Socket[] = []
    for (const beginning of ['', 'GET / HTTP/1.1\r\nHos']) {
      const socket = connect(Number(callback.port), '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.write(beginning)
      idle.push(socket.resume())
    }
    const closed = idle.map((socket) => once(socket, 'close'))
    await ask(callback)
    await signedIn
    await Promise.all(closed)
    expect(await isOpen(landing)).toBe(false)
    await until(() => sockets() <= before)
  })

  it.each<[string, (abort: AbortController) => { options?: LoopbackOptions; signIn?: SignInOptions }, string]>([
    ['a timeout', () => ({ options: { timeoutSeconds: 0.2 } }), 'timeout'],
    [
      'an abort',
      (abort) => {
        globalThis.setTimeout(() => abort.abort(), 200)
        return { signIn: { signal: abort.signal } }
      },
      'aborted',
    ],
  ])('nothing listens after %s', async (_, make, code) => {
    const before = sockets()
    const { signedIn, landing } = await start(make(new AbortController()))
    expect(await isOpen(landing)).toBe(true)
    const error = await signedIn.catch((reason) => reason)
    expect(error).toMatchObject({ name: `ProofkeyError [${code}]`, code })
    expect(await isOpen(landing)).toBe(false)
    await until(() => sockets() <= before)
  })

  it('nothing listens where the answer comes twice on one connection', async () => {
    const { callback, signedIn, landing, server } = await start()
    const request = `GET ${callback.pathname}${callback.search} HTTP/1.1\r\nHost: ${callback.host}\r\n\r\n`
    const socket = connect(Number(callback.port), '127.0.0.1')
    socket.write(request + request)
    expect(await text(socket)).toContain('Signed in')
    await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
    expect(await isOpen(landing)).toBe(false)
    expect(server.requests.filter(({ url }) => url.endsWith('/token'))).toHaveLength(1)
  })

  it('an abort during the token request still shows a page', async () => {
    const abort = new AbortController()
    const { callback, signedIn, server } = await start({ signIn: { signal: abort.signal } })
    server.faults.respond = () => {
      abort.abort()
      throw new TypeError('aborted')
    }
    expect((await ask(callback)).body).toContain('(aborted)')
    await refusal(signedIn, 'aborted')
  })
})

it('goes on where a connection cannot be accepted, as with too many open files', async () => {
  const servers: Server[] = []
  const listen = Server.prototype.listen
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...options: unknown[]) {
    servers.push(this)
    return Reflect.apply(listen, this, options)
  } as Server['listen'])
  const { callback, signedIn } = await start()
  for (const server of servers) server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  await ask(callback)
  await expect(signedIn).resolves.toHaveProperty('claims.sub', 'ada')
})

const noBrowser = () => {
  throw new Error('spawn xdg-open ENOENT')
}
it.each([
  ['nobody opens it', undefined],
  ['no browser can be opened', noBrowser],
  ['that fails later', async () => noBrowser()],
])('prints the link where %s', async (_, open) => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const { fetch, issuer } = createServer()
  const redirectUri = 'http://127.0.0.1/callback'
  const abort = new AbortController()
  const client = createClient({ issuer, clientId: 'cli', redirectUri, fetch, userAgent: loopback({ open }) })
  const signedIn = client.signIn({ signal: abort.signal })
  await until(() => write.mock.calls.length)
  expect(write.mock.calls[0]?.[0]).toMatch(/^To sign in, open .*:\nhttps:\/\/as\.example\/authorize\?\S+\n$/)
  abort.abort()
  await refusal(signedIn, 'aborted')
})

it('the command line of the guide ends on Ctrl-C, and shows no stack', async () => {
  const root = new URL('../../', import.meta.url).pathname
  const { issuer, metadata } = createServer()
  const contents = guideSnippet('command-line', 'loopback()').replace(
    "issuer: 'https://login.example.com'",
    `issuer: '${issuer}', metadata: ${JSON.stringify(metadata)}`,
  )
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    alias: { proofkey: `${root}src/index.ts`, 'proofkey/node': `${root}src/node.ts` },
    external: ['undici'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  })
  const command = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'inherit', 'pipe'] })
  cleanups.push(() => command.kill('SIGKILL'))
  const ended = once(command, 'close')
  command.stdin.end(outputFiles[0]!.text)
  let said = ''
  command.stderr.on('data', (chunk) => (said += chunk))
  await until(() => said.includes(issuer) || command.exitCode !== null)
  command.kill('SIGINT')
  expect(await ended).toEqual([1, null])
  expect(said).toMatch(/^To sign in, .*:\nhttps:\S+\naborted: Try again\.\n$/)
}, 20_000)
