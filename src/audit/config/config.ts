import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ProofkeyError } from '../../errors.js'
import type { SigningAlgorithm } from '../../protocol/client-auth/private-key-jwt.js'
import type { AuditSet } from '../check.js'
import type { FailOn } from '../report/baseline.js'
import type { Format } from '../report/formats.js'
import { schemaProblems } from './check-schema.js'
import { CONFIG_SCHEMA } from './schema.js'

/** How a client authenticates, as the configuration says it: where the secret is, never the secret. */
export type AuthenticationConfig =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt'
      readonly secretEnv?: string
      readonly secretFile?: string
    }
  | {
      readonly method: 'private_key_jwt'
      readonly privateKeyFile: string
      readonly keyId?: string
      readonly algorithm?: SigningAlgorithm
    }
  | {
      readonly method: 'tls_client_auth' | 'self_signed_tls_client_auth'
      readonly certFile: string
      readonly keyFile: string
      readonly caFile?: string
    }

export interface ClientConfig {
  readonly clientId: string
  readonly scope?: string
  readonly redirectUri?: string
  readonly authentication?: AuthenticationConfig
}

/** The configuration of an audit. The meaning of each member is in the schema. */
export interface AuditConfig {
  readonly $schema?: string
  readonly issuer: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly product?: string
  readonly mayTest?: boolean
  readonly clients?: readonly ClientConfig[]
  readonly redirectUri?: string
  readonly signIn?: string
  readonly storageState?: string
  readonly sets?: readonly AuditSet[]
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly slow?: boolean
  readonly failOn?: FailOn
  readonly baseline?: string
  readonly formats?: readonly Format[]
  readonly output?: Readonly<Partial<Record<Format, string>>>
}

/**
 * Checks a configuration.
 * @throws `config_invalid`; the message names each wrong member
 */
export function checkConfig(value: unknown, file: string): AuditConfig {
  const problems = schemaProblems(CONFIG_SCHEMA, value)
  const { clients = [] } = (problems.length ? {} : value) as AuditConfig
  const ids = clients.map(({ clientId }) => clientId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) problems.push(`clients: "${twice}" is there twice`)
  if (problems.length) throw invalid(`${file}: ${problems.join('; ')}.`, 'Correct these members.')
  return value as AuditConfig
}

/**
 * Reads a configuration file; its paths become absolute.
 * @throws `config_invalid`
 */
export async function readConfig(file: string): Promise<AuditConfig> {
  const text = await readText(file, 'configuration file')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid(`${file}: is no JSON.`, 'Write one with: proofkey audit init')
  }
  const folder = dirname(resolve(file))
  return withPaths(checkConfig(value, file), (path) => resolve(folder, path))
}

/** Reads a file that somebody named. @throws `config_invalid` */
export async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw invalid(`The ${what} ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, 'Check its path.')
  }
}

const invalid = (message: string, hint: string) => new ProofkeyError('config_invalid', message, hint)

const PATHS = /^(signIn|storageState|baseline|secretFile|privateKeyFile|certFile|keyFile|caFile)$/

function withPaths<T>(value: T, absolute: (path: string) => string): T {
  if (Array.isArray(value)) return value.map((item) => withPaths(item, absolute)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (name === 'output')
        return [name, Object.fromEntries(Object.entries(member).map(([format, path]) => [format, absolute(`${path}`)]))]
      return [name, PATHS.test(name) && typeof member === 'string' ? absolute(member) : withPaths(member, absolute)]
    }),
  ) as T
}
