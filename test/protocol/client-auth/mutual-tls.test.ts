import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MutualTls, type MutualTlsOptions, mutualTls } from '../../../src/protocol/client-auth/mutual-tls.js'
import { send } from '../../../src/protocol/request.js'
import type { PinnedServer } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createAuthority, selfSigned, startTlsServer } from '../../helpers/tls.js'

const authority = createAuthority()
const { cert, key } = authority.issue('/CN=app')
const ca = authority.cert
const open: MutualTls[] = []
let tls: Awaited<ReturnType<typeof startTlsServer>>
let server: PinnedServer

beforeAll(async () => {
  tls = await startTlsServer(authority)
  // Tells whom it sees; to /silent it says nothing.
  tls.server.on('request', async (request, response) => {
    const { url, socket, method } = request
    const { authorized, getPeerCertificate } = socket as TLSSocket
    const { subject } = getPeerCertificate.call(socket)
    const said = { authorized, name: subject?.CN }
    if (url === '/api') response.end(JSON.stringify({ ...said, method, body: `${await buffer(request)}` }))
    else if (url !== '/silent') response.end(JSON.stringify(said))
  })
  server = { issuer: 'https://as.example', token_endpoint: `${tls.origin}/token` }
})
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()))
  await tls.close()
})

const make = (options: Partial<MutualTlsOptions> = {}) => {
  const clientAuth = mutualTls({ cert, key, ca, ...options })
  open.push(clientAuth)
  return clientAuth
}

/** One request the way the token request is made. */
async function post(clientAuth: MutualTls, path = '/token', timeoutSeconds = 10) {
  const body = new URLSearchParams()
  await clientAuth.authenticate(server, { client_id: 'app' }, body, new Headers())
  const [, by] = clientAuth.route!(server, { timeoutSeconds })
  return (await send(`${tls.origin}${path}`, { method: 'POST', body }, by)).json()
}

const connections = (to: Server) =>
  new Promise<number>((resolve, reject) =>
    to.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

describe('mutualTls', () => {
  it('shows its certificate', async () => {
    expect(await post(make())).toEqual({ authorized: true, name: 'app' })
  })

  it('shows it with a Request of the runtime too, with and without a body', async () => {
    const [, { fetch }] = make().route!(server, {})
    for (const init of [{}, { method: 'POST', body: 'a=1' }] as RequestInit[]) {
      const response = await fetch!(new Request(`${tls.origin}/api`, init))
      const { method = 'GET', body = '' } = init
      expect(await (response as Response).json()).toEqual({ authorized: true, name: 'app', method, body })
    }
  })

  it('takes buffers, and authorities in a list', async () => {
    const clientAuth = make({
      cert: Buffer.from(cert),
      key: Buffer.from(key),
      ca: [selfSigned('/CN=x').cert, Buffer.from(ca)],
    })
    expect(await post(clientAuth)).toEqual({ authorized: true, name: 'app' })
  })

  it('shows a certificate of its own making', async () => {
    const clientAuth = make({ ...selfSigned('/CN=alone'), method: 'self_signed_tls_client_auth' })
    expect(clientAuth.method).toBe('self_signed_tls_client_auth')
    expect(await post(clientAuth)).toEqual({ authorized: false, name: 'alone' })
  })

  it('keeps two clients apart', async () => {
    const [one, two] = [make(), make(authority.issue('/CN=other'))]
    const names = async (each: MutualTls) => (await post(each)).name
    expect(await Promise.all([names(one), names(two), names(one), names(two)])).toEqual([
      'app',
      'other',
      'app',
      'other',
    ])
  })

  it('does not talk to a server that its authorities do not vouch for', async () => {
    for (const wrong of [undefined, selfSigned('/CN=127.0.0.1').cert]) {
      const error = await refusal(post(make({ ca: wrong })), 'network_error')
      expect(error.retryable).toBe(true)
    }
  })

  it('is bounded in time like every request', async () => {
    await refusal(post(make(), '/silent', 0.1), 'timeout')
  })

  it('ends its connections when it is closed', async () => {
    await Promise.all(open.splice(0).map((each) => each.close()))
    await expect.poll(() => connections(tls.server)).toBe(0)
    const clientAuth = make()
    await post(clientAuth)
    expect(await connections(tls.server)).toBe(1)
    await Promise.all([clientAuth.close(), clientAuth.close()])
    await expect.poll(() => connections(tls.server)).toBe(0)
  })

  it('can be closed unused, and used after it was closed', async () => {
    const clientAuth = make()
    await clientAuth.close()
    expect(await post(clientAuth)).toMatchObject({ name: 'app' })
    await clientAuth.close()
    expect(await post(clientAuth)).toMatchObject({ name: 'app' })
  })
})

describe('mutualTls refuses', () => {
  const other = authority.issue('/CN=other')
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\naHVudGVyMg==\n-----END ENCRYPTED PRIVATE KEY-----\n'

  it.each<[string, object, RegExp]>([
    ['nothing', { cert: undefined, key: undefined }, /cert \(undefined\): .*; key \(undefined\): /],
    ['a path in place of a PEM', { cert: './hunter2.pem' }, /cert \(string\): .* as PEM/],
    ['a key in place of the certificate', { cert: key }, /cert \(string\)/],
    ['a certificate in place of the key', { key: cert }, /key \(string\)/],
    ['an encrypted key', { key: encrypted }, /key \(string\): .*not encrypted/],
    ["another certificate's key", { key: other.key }, /key: is not the private key of cert/],
    ['a foreign ca', { ca: ['hunter2', ca] }, /ca: must be certificates as PEM/],
    ['another method', { method: 'private_key_jwt' }, /method: must be tls_client_auth or self_signed_tls_client_auth/],
    ['a method of every object', { method: 'constructor' }, /method: /],
  ])('%s', async (_, wrong, message) => {
    const error = await refusal(() => mutualTls({ cert, key, ca, ...wrong }), 'config_invalid')
    expect(error.message).toMatch(message)
    const told = `${error.message}${error.hint}${JSON.stringify(error)}${error.cause}`
    for (const secret of ['hunter2', ...key.split('\n').slice(1, -2)]) expect(told).not.toContain(secret)
  })

  it('to work without undici, and says how to get it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'proofkey-'))
    try {
      const outfile = join(folder, 'mutual-tls.mjs')
      const source = new URL('../../../src/protocol/client-auth/mutual-tls.ts', import.meta.url).pathname
      await build({
        entryPoints: [source],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['undici'],
      })
      const script = `
        const { mutualTls } = await import(${JSON.stringify(pathToFileURL(outfile))})
        const clientAuth = mutualTls(${JSON.stringify({ cert, key })})
        const said = await clientAuth.authenticate({}, { client_id: 'app' }, new URLSearchParams(), new Headers()).catch((e) => e)
        await clientAuth.close()
        console.log(JSON.stringify([said.code, said.message, said.hint]))`
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd: folder,
      })
      expect(JSON.parse(stdout)).toEqual([
        'config_invalid',
        'mutualTls requires the package undici.',
        'Run npm install undici@7.',
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Bun by the variable `BUN`, or on the PATH. It is no dependency: it is larger than all others together. */
function findBun(): string | undefined {
  const command = process.env['BUN'] ?? 'bun'
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  if (process.env['BUN'] && !stdout) throw new Error(`BUN is ${command}, which does not run.`)
  return stdout ? command : undefined
}

describe('in Bun, which replaces undici by a stub', () => {
  const bun = findBun()
  if (!bun) console.warn('mutualTls is not tried in Bun: there is no bun here. Set BUN to its path.')

  it.skipIf(!bun)(bun ? 'shows its certificate all the same' : 'is not tried: set BUN to the path of bun', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'proofkey-'))
    try {
      const outfile = join(folder, 'client.mjs')
      const from = (path: string) => new URL(`../../../src/protocol/${path}`, import.meta.url).pathname
      const others = {
        other: authority.issue('/CN=other'),
        alone: selfSigned('/CN=alone'),
        foreign: selfSigned('/CN=x'),
      }
      await build({
        stdin: {
          contents: `
            import { mutualTls } from ${JSON.stringify(from('client-auth/mutual-tls.ts'))}
            import { send } from ${JSON.stringify(from('request.ts'))}
            const { server, app, ca, other, alone, foreign } = ${JSON.stringify({ server, app: { cert, key }, ca, ...others })}
            const post = async (options, path = 'token') => {
              const clientAuth = mutualTls({ ca, ...options })
              const body = new URLSearchParams({ a: 'b' })
              await clientAuth.authenticate(server, { client_id: 'app' }, body, new Headers())
              const [{ token_endpoint }, by] = clientAuth.route(server, { timeoutSeconds: path === 'silent' ? 0.1 : 10 })
              const url = new URL(path, token_endpoint).href
              const answer = await send(url, { method: 'POST', body }, by).then((response) => response.json(), ({ code }) => code)
              await clientAuth.close()
              return answer
            }
            const one = async (options, path) => console.log(JSON.stringify(await post(options, path)))
            console.log(JSON.stringify(Object.keys(process.versions).includes('bun')))
            await one(app)
            await one(other)
            await one(app)
            await one({ cert: Buffer.from(app.cert), key: Buffer.from(app.key), ca: [foreign.cert, Buffer.from(ca)] })
            await one(alone)
            await one({ ...app, ca: undefined })
            await one({ ...app, ca: foreign.cert })
            await one(app, 'silent')`,
          resolveDir: import.meta.dirname,
        },
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['undici'],
      })
      const { stdout } = await promisify(execFile)(`${bun}`, [outfile], { timeout: 60_000 })
      const answers = stdout.trim().split('\n')
      const seen = { authorized: true, name: 'app' }
      expect(answers.map((line) => JSON.parse(line))).toEqual([
        true,
        seen,
        { ...seen, name: 'other' },
        seen,
        seen,
        { authorized: false, name: 'alone' },
        'network_error',
        'network_error',
        'timeout',
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
