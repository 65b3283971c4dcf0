import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'vitest'

const HOSTS = ['x', 'x:99999', '999.999.999.999', 'xn--a', '[::1::2]', 'a b', '\u00e9', '']
const METHODS = ['GET', 'POST', 'TRACE', 'TRACK', 'CONNECT', 'trace', 'QUERY']
const PATHS = [
  ...['/', '/callback', '/logout', '/signed-out', '/auth/exchange', '/backchannel-logout', '/visits'],
  ...['sign-in', 'callback', 'sign-out', 'signed-out', 'back-channel-logout', 'session'].map((name) => `/auth/${name}`),
]
const TARGETS = [
  '/%E0%A4%A',
  '/callback?code=%&state=%ZZ&iss=%',
  '/auth/callback?code=%&state=%ZZ&iss=%',
  '//',
  '//[',
  'http://[:::]/',
  '*',
  '/\u00e9',
  '/auth/sign-in?returnTo=%00',
]
const MORE = [
  `x: ${'a'.repeat(100_000)}`,
  `cookie: ${'a=b; '.repeat(3000)}`,
  'cookie: __Host-session=%',
  'cookie: __Host-Http-proofkey-session=%',
  'content-length: x',
]
/** What no honest client sends, and whoever can reach the server may. */
const HEADS = [
  ...HOSTS.flatMap((host) => PATHS.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${host}`)),
  ...METHODS.flatMap((method) => PATHS.map((path) => `${method} ${path} HTTP/1.1\r\nhost: x:99999`)),
  ...TARGETS.map((target) => `GET ${target} HTTP/1.1\r\nhost: localhost`),
  ...MORE.map((line) => `GET / HTTP/1.1\r\nhost: localhost\r\n${line}`),
]
/** A body that breaks off. */
const TORN = PATHS.flatMap((path) =>
  ['application/json', 'application/x-www-form-urlencoded'].map(
    (type) => `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 99\r\n\r\n{`,
  ),
)

/** Sends these bytes and goes, at once or when there is an answer. @returns its first line */
const send = (origin: string, bytes: string, wait: boolean) =>
  new Promise<string>((resolve) => {
    const { hostname, port } = new URL(origin)
    const socket = connect(Number(port), hostname)
    let line = ''
    socket.once('close', () => resolve(line)).on('error', () => {})
    socket.on('data', (data) => {
      line = data.toString('latin1').split('\r\n')[0] ?? ''
      socket.destroy()
    })
    socket.write(bytes, 'latin1', () => wait || socket.destroy())
  })

async function sendBadRequests(origin: string, failure: RegExp): Promise<void> {
  for (const head of HEADS) {
    const line = await send(origin, `${head}\r\nconnection: close\r\n\r\n`, true)
    // The fault is the client's; the server has none, and nothing to log.
    expect(line, head.slice(0, 200)).not.toMatch(failure)
  }
  for (const bytes of TORN) await send(origin, bytes, false)
}

/** An example that its command has started. */
export interface StartedCommand {
  readonly url: string
  readonly issuer: string
  /**
   * The page is there, what it talks to outlives bad requests, and the command ends when it is told to.
   * @param failure the first line of a response that it must not give
   */
  check(failure?: RegExp): Promise<void>
  /** Where the check has not ended it. */
  kill(): void
}

/** Starts an example by its command of package.json, which has to print a link. */
export async function startCommand(name: string): Promise<StartedCommand> {
  const command = spawn('npm', ['run', '--silent', name], {
    // A group of its own, so that it ends as a whole.
    detached: true,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // The last process that could print has gone.
  const ended = once(command, 'close')
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    command.stdout.on('data', (chunk) => {
      output += chunk
      const [link] = /http:\/\/localhost:\d+(?=\s)/.exec(output) ?? []
      if (link) resolve(link)
    })
    ended.then(() => reject(new Error(`It ended: ${output}`)))
  })
  const issuerOf = () => /OpenID provider is (\S+)\./.exec(output)?.[1] ?? ''
  return {
    url,
    get issuer() {
      return issuerOf()
    },
    async check(failure = /^HTTP\/1\.1 5/) {
      const answer = await fetch(url)
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain('<title>proofkey')

      // Its own API too, which the page's policy names beside the provider.
      const policy = answer.headers.get('content-security-policy') ?? ''
      const named = [...policy.matchAll(/http:\/\/[^ ;]+/g)].map(([origin]) => origin)
      for (const origin of new Set([url, ...named])) {
        if (origin === issuerOf()) continue
        await sendBadRequests(origin, failure)
        expect((await fetch(origin)).status).toBe(origin === url ? 200 : 404)
      }
      expect(command.exitCode).toBeNull()

      process.kill(-command.pid!, 'SIGTERM')
      await ended
      await expect(fetch(url)).rejects.toThrow()
    },
    kill() {
      if (command.exitCode === null && command.signalCode === null) process.kill(-command.pid!, 'SIGKILL')
    },
  }
}

/** The command starts everything, prints a link that works, outlives bad requests, and ends. */
export async function tryCommand(name: string, failure?: RegExp): Promise<void> {
  const command = await startCommand(name)
  try {
    await command.check(failure)
  } finally {
    command.kill()
  }
}
