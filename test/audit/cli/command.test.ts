import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { REPORT_SCHEMA } from '../../../src/audit/report/report-schema.js'
import { VERSION } from '../../../src/audit/version.js'
import { type Defect, startAuditedServer } from '../audited-server.js'
import { withMetadata } from '../bend.js'
import { endCommands, runCommand, startCommand } from './command.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofkey-audit-'))
})
afterEach(endCommands)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const inFolder = (name: string) => join(folder, name)
function write(name: string, content: string | object): string {
  writeFileSync(inFolder(name), typeof content === 'string' ? content : JSON.stringify(content))
  return inFolder(name)
}

const SECRET = 's3cret/of+the client=~ü'

describe('the command line', () => {
  it.each([[['--help']], [['audit', '-h']], [[]]])('shows its help, which fits a screen: %j', async (args) => {
    const { code, stdout } = await runCommand(args)
    expect(code).toBe(0)
    expect(stdout).toContain('proofkey audit https://')
    expect(stdout.split('\n').length).toBeLessThanOrEqual(50)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(82)
  })

  it('lists and explains the checks, and says its version', async () => {
    expect((await runCommand(['audit', '--list'])).stdout).toMatch(
      /^wrong-verifier +high +A code with a wrong verifier/m,
    )
    const { stdout } = await runCommand(['audit', '--explain', 'wrong-verifier'])
    for (const part of ['Needs    a client, a sign-in', 'Repair', 'https://www.rfc-editor.org/rfc/rfc7636#section-4.6'])
      expect(stdout).toContain(part)
    expect((await runCommand(['--version'])).stdout).toBe(`${VERSION}\n`)
  })

  it.each([
    [['audit'], 'Which server?'],
    [['https://login.example.com'], 'The command is missing'],
    [['audit', 'a', 'b'], 'one server or one file, not 2'],
    [['audit', 'login.example.com'], 'A server is given by its URL'],
    [['audit', 'missing.json'], 'There is no file missing.json'],
    [['audit', 'https://a.example', '--cliend-id', 'x'], 'Did you mean --client-id?'],
    [['audit', 'https://a.example', '--client-id'], '--client-id needs a value'],
    [['audit', 'https://a.example', '--client-id', '--slow'], '--client-id needs a value'],
    [['audit', 'https://a.example', '--slow=yes'], '--slow takes no value'],
    [['audit', 'https://a.example', '--scope', 'a', '--scope', 'b'], '--scope is there twice'],
    [['audit', 'https://a.example', '--fail-on', 'hi'], 'failOn: must be one of high, medium, low, never'],
    [['audit', 'https://a.example', '--sets', 'x'], 'sets[0]: must be one of rfc9700'],
    [['audit', 'https://a.example', '--only', 'x'], 'unknown checks x'],
    [['audit', 'https://a.example', '--format', 'json,sarif'], 'only one can be printed'],
    [['audit', 'https://a.example', '--output', 'json'], '--output needs a format and a file'],
    [['audit', 'https://a.example', '--client-secret-env', 'X'], '--client-id is missing'],
    [['audit', 'https://a.example?x=1'], 'a query or a fragment'],
    [['audit', 'http://127.0.0.1:9', '--client-id', 'a', '--cert', 'c'], '--cert and --key belong together'],
    [
      ['audit', 'http://127.0.0.1:9', '--client-id', 'a', '--client-secret-file', 'missing'],
      'secret file missing cannot be read (ENOENT)',
    ],
    [['audit', 'https://a.example', '--client-id', 'a'], 'requests to a.example that look like attacks'],
    [['audit', '--explain', 'x'], 'There is no check with this id'],
  ])('says what is wrong, with exit code 2: %j', async (args, message) => {
    const { code, stdout, stderr } = await runCommand(args, { cwd: folder })
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it.each([
    [['--client-secret', SECRET], 'a secret on the command line'],
    [[`--client-secret=${SECRET}`], 'a secret on the command line'],
    [['--other-client-secret', SECRET], 'a secret on the command line'],
    [['--password', SECRET], 'a secret on the command line'],
    [[`--client-secrte=${SECRET}`], 'There is no option'],
    [[SECRET], 'one server or one file'],
    [['--client-id', 'a', '--client-secret-env', SECRET], 'must be the name of a variable'],
    [['--client-id', 'a', '--client-secret-env', 'hunter2hunter2'], 'is not set'],
    [['--slow=hunter2hunter2'], 'takes no value'],
  ])('takes no secret, and shows none: %j', async (args, message) => {
    const { code, stdout, stderr } = await runCommand(['audit', 'http://127.0.0.1:9', ...args])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
    for (const secret of [SECRET, 'hunter2']) expect(stdout + stderr).not.toContain(secret)
    const url = await runCommand(['audit', `https://user:${encodeURIComponent(SECRET)}@a.example`])
    expect(url).toMatchObject({ code: 2, stderr: expect.not.stringContaining('s3cret') })
  })

  it('takes each kind of key, and says what a wrong one is without showing it', async () => {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const keys = [
      write('sec1.pem', pem.export({ format: 'pem', type: 'sec1' }).toString()),
      write('pkcs8.pem', pem.export({ format: 'pem', type: 'pkcs8' }).toString()),
      write('jwk.json', pem.export({ format: 'jwk' })),
      write('rsa.pem', rsa.export({ format: 'pem', type: 'pkcs1' }).toString()),
    ]
    for (const key of keys) {
      const args = [
        'audit',
        'http://127.0.0.1:9',
        '--client-id',
        'a',
        '--private-key-file',
        key,
        '--only',
        'pkce-methods-listed',
      ]
      expect(await runCommand(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('a (private_key_jwt)') })
    }
    const wrong = ['audit', 'http://127.0.0.1:9', '--client-id', 'a', '--private-key-file', write('wrong.pem', SECRET)]
    const { code, stderr } = await runCommand(wrong)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('neither a JWK nor a PEM') })
    expect(stderr).not.toContain(SECRET)
  })
})

describe('an audit', () => {
  let server: Awaited<ReturnType<typeof startAuditedServer>>
  const start = async (defect?: Defect) => {
    server = await startAuditedServer(defect)
  }
  const listsPlain: Defect = { bend: withMetadata({ code_challenge_methods_supported: ['plain', 'S256'] }) }
  const only = ['--only', 'pkce-methods-listed']
  afterEach(() => server.close())

  it('of a good server ends with 0: plain lines and a report without colours', async () => {
    await start()
    const { code, stdout, stderr } = await runCommand(['audit', server.issuer, ...only], { env: { TERM: 'xterm' } })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain(`proofkey audit of ${server.issuer}`)
    expect(stderr).toContain('[1/1] pass pkce-methods-listed: It lists S256 only.')
    expect(stdout).toBe(`${server.issuer}: 1 passed\n`)
    expect(stdout + stderr).not.toContain('\u001b')
  })

  it('of a bad one ends with 1 from the severity that --fail-on names', async () => {
    await start(listsPlain)
    for (const [failOn, code] of [
      ['high', 0],
      ['medium', 1],
      ['low', 1],
      ['never', 0],
    ] as const) {
      const run = await runCommand(['audit', server.issuer, ...only, '--fail-on', failOn])
      expect([failOn, run.code]).toEqual([failOn, code])
      for (const part of ['Failed', 'Observed Besides S256 it lists plain.', 'Why', 'Repair', 'Source   RFC 9700'])
        expect(run.stdout).toContain(part)
    }
  })

  it('of a server that is not there is inconclusive, and says so', async () => {
    await start()
    const { code, stdout } = await runCommand(['audit', 'http://127.0.0.1:9', ...only])
    expect({ code, stdout }).toMatchObject({ code: 2, stdout: expect.stringContaining('could not be read') })
  })

  it('writes all formats; JSON fits its schema; a baseline accepts', async () => {
    await start(listsPlain)
    const baseline = write('baseline.json', {
      version: 1,
      accepted: [{ id: 'pkce-methods-listed', reason: 'ticket 7' }],
    })
    const config = write('all.json', {
      issuer: server.issuer,
      only: ['pkce-methods-listed'],
      failOn: 'medium',
      formats: ['json'],
      output: { sarif: 'a.sarif', junit: 'a.xml', markdown: 'a.md', html: 'a.html', terminal: 'a.txt' },
    })
    const run = await runCommand(['audit', config])
    expect(run).toMatchObject({ code: 1 })
    const validate = addFormats(new Ajv2020()).compile(REPORT_SCHEMA)
    expect(validate(JSON.parse(run.stdout)), JSON.stringify(validate.errors)).toBe(true)
    expect(JSON.parse(readFileSync(inFolder('a.sarif'), 'utf8')).version).toBe('2.1.0')
    expect(readFileSync(inFolder('a.sarif'), 'utf8')).toContain('all.json')
    for (const name of ['a.xml', 'a.md', 'a.html', 'a.txt'])
      expect(readFileSync(inFolder(name), 'utf8')).toContain('S256')

    const accepted = await runCommand(['audit', config, '--baseline', baseline, '--format', 'terminal'])
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('ticket 7') })
    await server.close()
    await start()
    const stale = await runCommand(['audit', server.issuer, ...only, '--baseline', baseline])
    expect(stale).toMatchObject({ code: 1, stdout: expect.stringContaining('Stale in the baseline') })
  })

  it('reads recordings, and sends nothing', async () => {
    await start()
    const url = `https://login.example.com/auth?${new URLSearchParams({
      response_type: 'code',
      client_id: 'an-app',
      redirect_uri: 'https://app.example.com/callback',
    })}`
    const entry = {
      startedDateTime: '2026-01-01T00:00:00.000Z',
      time: 1,
      request: { method: 'GET', url, httpVersion: 'HTTP/1.1', headers: [], queryString: [], cookies: [] },
      response: { status: 302, statusText: '', httpVersion: 'HTTP/1.1', headers: [], cookies: [], content: {} },
    }
    const har = write('app.har', { log: { version: '1.2', creator: { name: 'test', version: '1' }, entries: [entry] } })
    const run = await runCommand(['audit', '--har', har, '--format', 'json'])
    expect(run).toMatchObject({ code: 1, stderr: '' })
    expect(JSON.parse(run.stdout)).toMatchObject({
      issuer: 'https://login.example.com',
      clients: [{ clientId: 'an-app' }],
    })
    for (const [args, message] of [
      [['--har', inFolder('missing.har')], 'ENOENT'],
      [['--har', write('no.har', SECRET)], 'no.har'],
      [['--har', har, server.issuer], 'leave out the server'],
      [['--har', har, '--slow'], 'only options of the report'],
    ] as const) {
      const { code, stdout, stderr } = await runCommand(['audit', ...args])
      expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
      expect(stderr).not.toContain(SECRET)
    }
  })

  it('stops on Ctrl-C, with nothing left that listens', async () => {
    await start()
    const command = startCommand([
      'audit',
      server.issuer,
      '--client-id',
      'public',
      '--redirect-uri',
      'http://127.0.0.1:5556/x',
    ])
    const page = await command.hears(/^ {2}(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m)
    expect((await fetch(page)).status).toBe(200)
    command.interrupt()
    const { code, stderr } = await command.end()
    expect({ code, stderr }).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('All tokens that were obtained have been revoked'),
    })
    await expect(fetch(page)).rejects.toThrow()
  })

  it('shows no secret of a confidential client in any output', async () => {
    await start({ client: 'confidential' })
    const secret = 'a-secret-of-the-confidential-client'
    const outputs = ['json', 'sarif', 'junit', 'markdown', 'html'].flatMap((format) => [
      '--output',
      `${format}=${inFolder(`secret.${format}`)}`,
    ])
    const args = [
      'audit',
      server.issuer,
      '--client-id',
      'confidential',
      '--client-secret-env',
      'THE_SECRET',
      '--redirect-uri',
      'http://127.0.0.1:5557/x',
    ]
    const command = startCommand([...args, ...outputs, '--only', 'wrong-verifier'], { env: { THE_SECRET: secret } })
    const page = await command.hears(/^ {2}(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m)
    // The person who says that the server shows an error page, which it does: the redirect URI is not registered.
    const next = await fetch(`${page}next`, { redirect: 'manual' })
    expect((await fetch(next.headers.get('location')!)).status).toBe(400)
    await fetch(`${page}page-shown`, { method: 'POST', headers: { origin: new URL(page).origin } })
    const { stdout, stderr } = await command.end()
    const all = [
      stdout,
      stderr,
      ...['json', 'sarif', 'junit', 'markdown', 'html'].map((format) =>
        readFileSync(inFolder(`secret.${format}`), 'utf8'),
      ),
    ]
    for (const text of all) {
      expect(text.length).toBeGreaterThan(0)
      for (const form of [secret, btoa(`confidential:${secret}`)]) expect(text).not.toContain(form)
    }
    expect(stdout).toContain('an honest sign-in fails already')
  })
})

describe('init', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(folder, 'init-'))
  })
  const run = (answers: string[]) =>
    runCommand(['audit', 'init'], { cwd: home, input: answers.map((line) => `${line}\n`).join('') })
  const written = () => JSON.parse(readFileSync(join(home, 'proofkey.audit.json'), 'utf8'))

  it('writes what was answered', async () => {
    const answers = [
      'login',
      'https://login.example.com/',
      'spa',
      '',
      'openid offline_access',
      'web',
      'secret',
      '',
      'MY_SECRET',
      '',
      '',
      'script',
      '',
      'yes',
      'medium',
    ]
    const { code, stderr } = await run(answers)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('That does not fit.') })
    expect(written()).toEqual({
      $schema: './node_modules/proofkey/dist/audit.schema.json',
      issuer: 'https://login.example.com',
      mayTest: true,
      clients: [
        { clientId: 'spa', scope: 'openid offline_access' },
        { clientId: 'web', scope: 'openid', authentication: { method: 'client_secret_basic', secretEnv: 'MY_SECRET' } },
      ],
      redirectUri: 'http://127.0.0.1:8765/callback',
      signIn: './sign-in.mjs',
      failOn: 'medium',
    })
    expect((await run(answers)).stderr).toContain('is there already')
  })

  it('needs two answers without a client, and a server that may be tested is not asked for on this machine', async () => {
    expect(await run(['http://127.0.0.1:3000', '', ''])).toMatchObject({ code: 0 })
    expect(written()).toMatchObject({ issuer: 'http://127.0.0.1:3000', failOn: 'high' })
  })

  it('writes nothing if the answers end', async () => {
    expect(await run(['https://login.example.com', 'spa'])).toMatchObject({ code: 2 })
    expect(existsSync(join(home, 'proofkey.audit.json'))).toBe(false)
  })
})
