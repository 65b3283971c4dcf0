import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { freePort } from '../../helpers/loopback.js'
import { startAuditedServer } from '../audited-server.js'
import { endCommands, startCommand } from './command.js'
import { startPerson } from './person.js'
import { collectSecrets, found } from './secrets.js'

const PAGE = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m
const SECRET = 'a-secret-of-the-confidential-client'
const FORMATS = ['sarif', 'junit', 'markdown', 'html', 'terminal']

let folder: string
let server: Awaited<ReturnType<typeof startAuditedServer>>
let seen: ReturnType<typeof collectSecrets>
let redirectUri: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofkey-audit-'))
})
beforeEach(async () => {
  seen = collectSecrets()
  redirectUri = `http://127.0.0.1:${await freePort()}/callback`
  server = await startAuditedServer({
    configure: ({ clients = [] }) => {
      for (const client of clients) client.redirect_uris = [redirectUri]
    },
    bend: seen.bend,
  })
})
afterEach(async () => {
  endCommands()
  await server?.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A public and a confidential client, and all checks. */
const startAudit = (...more: string[]) =>
  startCommand(
    [
      ...['audit', server.issuer, '--redirect-uri', redirectUri, '--client-id', 'public'],
      ...['--other-client-id', 'confidential', '--other-client-secret-env', 'THE_SECRET', '--format', 'json', ...more],
    ],
    { env: { THE_SECRET: SECRET } },
  )

it('shows no secret in any output, nor on the page of the progress', async () => {
  const outputs = FORMATS.flatMap((format) => ['--output', `${format}=${join(folder, format)}`])
  const command = startAudit(...outputs)
  const page = await command.hears(PAGE)
  let shown = ''
  const person = startPerson(page, server.issuer, (text) => (shown += text))
  const { stdout, stderr } = await command.end()
  await person.gone
  const report = JSON.parse(stdout)
  expect(report.results.filter(({ result }: { result: string }) => result === 'pass').length).toBeGreaterThan(60)
  const texts: Record<string, string> = { stdout, stderr, 'the page': shown }
  for (const format of FORMATS) texts[format] = readFileSync(join(folder, format), 'utf8')
  const secrets = [...seen.secrets(), SECRET, btoa(`confidential:${SECRET}`)]
  expect(secrets.length).toBeGreaterThan(300)
  for (const [name, text] of Object.entries(texts)) {
    expect(text.length, name).toBeGreaterThan(0)
    expect(found(secrets, text), name).toEqual([])
  }
  // Whether the search finds what is there.
  expect(found(secrets, `x${[...seen.tokens.access_token][0]}y`)).toHaveLength(1)
  expect(found(secrets, `x${btoa(`ab${[...seen.tokens.refresh_token][0]}c`)}y`)).toHaveLength(1)
}, 180_000)

it('revokes on Ctrl-C what it has obtained', async () => {
  const command = startAudit()
  const person = startPerson(await command.hears(PAGE), server.issuer)
  await command.hears(/(pass wrong-verifier)/)
  command.interrupt()
  const { code, stdout, stderr } = await command.end()
  await person.gone
  expect({ code, stdout, stderr }).toMatchObject({
    code: 130,
    stdout: '',
    stderr: expect.stringContaining('All tokens that were obtained have been revoked'),
  })
  const { AccessToken, RefreshToken } = server.provider
  const left = [
    ...(await Promise.all([...seen.tokens.access_token].map((token) => AccessToken.find(token)))),
    ...(await Promise.all([...seen.tokens.refresh_token].map((token) => RefreshToken.find(token)))),
  ]
  expect(seen.tokens.refresh_token.size).toBeGreaterThan(3)
  expect(left.filter(Boolean)).toEqual([])
})
