import { isLoopback } from '../../protocol/discovery/endpoint.js'
import {
  type AuditConfig,
  type AuthenticationConfig,
  type ClientConfig,
  checkConfig,
  readConfig,
} from '../config/config.js'
import { type CliOptions, listed } from './options.js'
import { UsageError } from './usage-error.js'

/** What the command line and the configuration file say together. */
export interface Settings extends AuditConfig {
  /** The configuration file, if there is one. */
  readonly file?: string | undefined
}

export const CONFIG_FILE = 'proofkey.audit.json'

/**
 * Options win over the file.
 * @throws UsageError; `config_invalid` for the file
 */
export async function settingsOf(values: CliOptions, positionals: readonly string[]): Promise<Settings> {
  if (positionals.length > 1) throw new UsageError(`An audit takes one server or one file, not ${positionals.length}.`)
  const target = positionals[0] ?? CONFIG_FILE
  const isUrl = /^https?:\/\//i.test(target)
  const file = isUrl ? undefined : target
  const base: AuditConfig = file === undefined ? { issuer: issuerOf(target) } : await read(file, positionals.length > 0)
  const given = fromOptions(values)
  const clients = mergedClients(base.clients, given.clients)
  const settings = { ...base, ...given, ...(clients.length && { clients }) }
  return { ...checkConfig(settings, 'The options'), file }
}

/**
 * Of a report about recordings: no server is named, and nothing is sent.
 * @throws UsageError
 */
export function harSettings(values: CliOptions, positionals: readonly string[]): Settings {
  if (positionals.length) throw new UsageError('--har reads recordings only; leave out the server or the file.')
  const { failOn, baseline, formats, output, ...others } = fromOptions(values)
  const [other] = Object.keys(others)
  if (other) throw new UsageError('--har sends nothing: only options of the report fit with it.')
  const report = { failOn, baseline, formats, output }
  const given = Object.fromEntries(Object.entries(report).filter(([, value]) => value !== undefined))
  return checkConfig({ issuer: 'https://recording.invalid', ...given }, 'The options')
}

async function read(file: string, isNamed: boolean): Promise<AuditConfig> {
  try {
    return await readConfig(file)
  } catch (error) {
    if (!(error as Error).message.includes('ENOENT')) throw error
    if (!isNamed) throw new UsageError('Which server? Give its URL, or a configuration file.')
    const hint = /\.json$/.test(file)
      ? 'Write one with: proofkey audit init'
      : 'A server is given by its URL, with https://.'
    throw new UsageError(`There is no file ${file}.`, hint)
  }
}

function issuerOf(target: string): string {
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (!url) throw new UsageError('The server is no URL.', 'Give its issuer, for example https://login.example.com.')
  if (url.username || url.password)
    throw new UsageError('The URL of the server holds a user name or a password.', 'Leave it out.')
  if (url.search || url.hash)
    throw new UsageError('The URL of the server has a query or a fragment.', 'Give its issuer.')
  // An issuer is compared as a string, and most have no slash at the end of the origin.
  return url.pathname === '/' ? url.origin : target
}

/** The client of the command line takes the place of the file's with the same id, and comes first. */
function mergedClients(file: readonly ClientConfig[] = [], given: readonly ClientConfig[] = []): ClientConfig[] {
  const ids = given.map(({ clientId }) => clientId)
  return [...given, ...file.filter(({ clientId }) => !ids.includes(clientId))]
}

function fromOptions(values: CliOptions): Partial<AuditConfig> {
  const output = (values.output ?? []).map((one): [string, string] => {
    const [, format = '', path = ''] = /^([^=]*)=(.*)$/s.exec(one) ?? []
    if (!path) throw new UsageError('--output needs a format and a file: --output sarif=audit.sarif')
    return [format, path]
  })
  const written = output.map(([format]) => format)
  const formats = listed(values.format)?.filter((format) => !written.includes(format))
  if (formats && formats.length > 1)
    throw new UsageError(
      `--format: only one can be printed, not ${formats.length}.`,
      'Write the others into files: --output sarif=audit.sarif',
    )
  const clients = clientsOf(values)
  const members = {
    mayTest: values['i-may-test-this'],
    product: values.product,
    clients: clients.length ? clients : undefined,
    redirectUri: values['redirect-uri'],
    signIn: values['sign-in'],
    storageState: values['storage-state'],
    sets: listed(values.sets),
    only: listed(values.only),
    skip: listed(values.skip),
    slow: values.slow,
    failOn: values['fail-on'],
    baseline: values.baseline,
    formats: formats?.length ? formats : undefined,
    output: output.length ? Object.fromEntries(output) : undefined,
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<AuditConfig>
}

function clientsOf(values: CliOptions): ClientConfig[] {
  return (['', 'other-'] as const).flatMap((prefix) => {
    const clientId = values[`${prefix}client-id`]
    const method = authenticationOf(values, prefix)
    if (clientId !== undefined)
      return [
        {
          clientId,
          ...(values.scope !== undefined && { scope: values.scope }),
          ...(method && { authentication: method }),
        },
      ]
    if (method) throw new UsageError(`--${prefix}client-id is missing: which client has this secret or key?`)
    return []
  })
}

function authenticationOf(values: CliOptions, prefix: '' | 'other-'): AuthenticationConfig | undefined {
  const [secretEnv, secretFile, privateKeyFile, certFile, keyFile, wanted] = (
    ['client-secret-env', 'client-secret-file', 'private-key-file', 'cert', 'key', 'client-auth'] as const
  ).map((name) => values[`${prefix}${name}`])
  const kinds = [secretEnv ?? secretFile, privateKeyFile, certFile ?? keyFile].filter((kind) => kind !== undefined)
  if (kinds.length > 1 || (secretEnv !== undefined && secretFile !== undefined))
    throw new UsageError('A client has one secret, one key or one certificate.', 'Give one of them only.')
  if (!kinds.length) {
    if (wanted && wanted !== 'none')
      throw new UsageError(`--${prefix}client-auth needs the secret, key or certificate of the client.`)
    return undefined
  }
  if (secretEnv !== undefined || secretFile !== undefined) {
    const secret = secretEnv !== undefined ? { secretEnv } : { secretFile }
    return { method: wanted ?? 'client_secret_basic', ...secret } as AuthenticationConfig
  }
  if (privateKeyFile !== undefined)
    return { method: wanted ?? 'private_key_jwt', privateKeyFile } as AuthenticationConfig
  if (certFile === undefined || keyFile === undefined)
    throw new UsageError(`--${prefix}cert and --${prefix}key belong together.`)
  return { method: wanted ?? 'tls_client_auth', certFile, keyFile } as AuthenticationConfig
}

/**
 * Tests with a client look like an attack: the owner of the server must know of them.
 * @throws UsageError
 */
export function checkPermission({ issuer, clients = [], mayTest, file }: Settings): void {
  const { host } = new URL(issuer)
  if (!clients.length || mayTest || isLoopback(new URL(issuer))) return
  throw new UsageError(
    `Tests with a client send requests to ${host} that look like attacks.`,
    `Ask its owner first; then add --i-may-test-this${file ? ` or "mayTest": true in ${file}` : ''}.`,
  )
}
