import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { ProofkeyError } from '../../errors.js'
import { isLoopback } from '../../protocol/discovery/endpoint.js'
import { DEFAULT_REDIRECT_URI } from '../browser/loopback.js'
import { type AuditConfig, type AuthenticationConfig, type ClientConfig, checkConfig } from '../config/config.js'
import type { Io } from './io.js'
import { CONFIG_FILE } from './settings.js'
import { UsageError } from './usage-error.js'

/** Where the schema is for an editor that reads the file. */
const SCHEMA = './node_modules/proofkey/dist/audit.schema.json'

type Ask = (question: string, fallback?: string, isRight?: (answer: string) => boolean) => Promise<string>

const isHttpUrl = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
const isOneOf =
  (...allowed: string[]) =>
  (answer: string) =>
    allowed.includes(answer)

/**
 * Asks for what an audit needs and writes {@link CONFIG_FILE}. No secret is asked for.
 * @throws UsageError if the answers end too early or the file is there already
 */
export async function init(io: Io): Promise<void> {
  const lines = createInterface({ input: io.stdin, signal: io.signal })[Symbol.asyncIterator]()
  const ask: Ask = async (question, fallback = '', isRight = () => true) => {
    for (;;) {
      io.stderr.write(`${question}${fallback && ` [${fallback}]`} `)
      const { value, done } = await lines.next()
      if (done) throw new UsageError('The answers ended before the questions did; nothing was written.')
      const answer = value.trim() || fallback
      if (isRight(answer)) return answer
      io.stderr.write('That does not fit. ')
    }
  }
  const config = await askConfig(ask)
  try {
    await writeFile(CONFIG_FILE, `${JSON.stringify(checkConfig(config, CONFIG_FILE), undefined, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    if (error instanceof ProofkeyError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new UsageError(`${CONFIG_FILE} is there already.`, 'Change it, or remove it first.')
    throw new UsageError(`${CONFIG_FILE} cannot be written (${code}).`, 'Check the folder.')
  }
  const register = config.clients ? `Register ${config.redirectUri} as a redirect URI of the clients. ` : ''
  io.stderr.write(`\nWritten: ${CONFIG_FILE}\n${register}Then run: npx proofkey audit ${CONFIG_FILE}\n`)
}

async function askConfig(ask: Ask): Promise<AuditConfig> {
  const given = await ask('The issuer of the server (https://…):', '', isHttpUrl)
  const issuer = new URL(given).pathname === '/' ? new URL(given).origin : given
  const clients: ClientConfig[] = []
  for (const which of [
    'A client_id for the audit (empty: test without a client):',
    'A second client_id (empty: none):',
  ]) {
    const clientId = await ask(which)
    if (!clientId) break
    const authentication = await askAuthentication(ask, clients.length)
    const scope = await ask('Scope of its sign-ins:', 'openid')
    clients.push({ clientId, scope, ...(authentication && { authentication }) })
  }
  if (!clients.length) return { $schema: SCHEMA, issuer, failOn: await askFailOn(ask) }
  const redirectUri = await ask('The registered redirect URI:', DEFAULT_REDIRECT_URI, isHttpUrl)
  const way = await ask('Who signs in: me, script, session?', 'me', isOneOf('me', 'script', 'session'))
  const file =
    way === 'script'
      ? { signIn: await ask('The module with the sign-in:', './sign-in.mjs') }
      : way === 'session'
        ? { storageState: await ask('The storage state of Playwright:', './storage-state.json') }
        : {}
  const { host } = new URL(issuer)
  const question = `Has the owner of ${host} agreed to tests with these clients: yes, no?`
  const mayTest = isLoopback(new URL(issuer)) || (await ask(question, 'no', isOneOf('yes', 'no'))) === 'yes'
  return { $schema: SCHEMA, issuer, mayTest, clients, redirectUri, ...file, failOn: await askFailOn(ask) }
}

const askFailOn = async (ask: Ask) =>
  (await ask(
    'Fail from which severity on: high, medium, low, never?',
    'high',
    isOneOf('high', 'medium', 'low', 'never'),
  )) as 'high'

async function askAuthentication(ask: Ask, index: number): Promise<AuthenticationConfig | undefined> {
  const kinds = ['none', 'secret', 'key', 'certificate']
  const kind = await ask(`How does it authenticate: ${kinds.join(', ')}?`, 'none', isOneOf(...kinds))
  const isFile = (answer: string) => answer !== ''
  if (kind === 'secret') {
    const isName = (answer: string) => /^[A-Za-z_]\w*$/.test(answer)
    const name = `PROOFKEY_${index ? 'OTHER_' : ''}CLIENT_SECRET`
    const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']
    return {
      method: (await ask(
        `By which method: ${methods.join(', ')}?`,
        methods[0],
        isOneOf(...methods),
      )) as 'client_secret_basic',
      secretEnv: await ask('The environment variable that will hold the secret:', name, isName),
    }
  }
  if (kind === 'key')
    return { method: 'private_key_jwt', privateKeyFile: await ask('The file with the private key:', '', isFile) }
  if (kind === 'certificate')
    return {
      method: 'tls_client_auth',
      certFile: await ask('The file with the certificate:', '', isFile),
      keyFile: await ask('The file with its private key:', '', isFile),
    }
  return undefined
}
