import { SETS } from '../check.js'
import { FORMATS } from '../report/formats.js'

/** The part of JSON Schema (draft 2020-12) that the audit's configuration uses; `check-schema.ts` reads it. */
export interface Schema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'boolean'
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: false | Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly minItems?: number
  /** Either objects that differ in the values of `method`, or such that differ in what is required. */
  readonly oneOf?: readonly Schema[]
}

const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  minLength: 1,
  ...more,
  description,
})
const list = (description: string, items: Schema): Schema => ({ type: 'array', minItems: 1, items, description })
const url = (description: string): Schema => text(description, { pattern: '^https?://[^/?#@\\s]+([/?][^#\\s]*)?$' })

const object = (
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, Schema>>,
): Schema => ({
  type: 'object',
  description,
  required,
  properties,
  additionalProperties: false,
})

const method = (...names: string[]): Schema => ({
  type: 'string',
  enum: names,
  description: 'How the client authenticates (token_endpoint_auth_method, RFC 7591 §2).',
})

const authentication: Schema = {
  type: 'object',
  description: 'Of a confidential client. Secrets and keys stay in the environment or in files of their own.',
  required: ['method'],
  oneOf: [
    {
      ...object('By a shared secret.', ['method'], {
        method: method('client_secret_basic', 'client_secret_post', 'client_secret_jwt'),
        secretEnv: text('The environment variable that holds the secret.', { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }),
        secretFile: text('A file that holds the secret and nothing else.'),
      }),
      oneOf: [{ required: ['secretEnv'] }, { required: ['secretFile'] }],
    },
    object('By a signed assertion (RFC 7523).', ['method', 'privateKeyFile'], {
      method: method('private_key_jwt'),
      privateKeyFile: text('A file with the private key, as JWK or PEM.'),
      keyId: text('The kid of the key at the server. Default: that of the JWK.'),
      algorithm: {
        type: 'string',
        enum: ['ES256', 'PS256', 'RS256', 'Ed25519'],
        description: 'Default: that of the key; of an RSA key without one, RS256.',
      },
    }),
    object('By a certificate (RFC 8705).', ['method', 'certFile', 'keyFile'], {
      method: method('tls_client_auth', 'self_signed_tls_client_auth'),
      certFile: text('A file with the certificate, as PEM.'),
      keyFile: text('A file with its private key, as PEM, not encrypted.'),
      caFile: text('A file with the certificate authorities that the server is verified with, as PEM.'),
    }),
  ],
}

const client = object('A client of the server, registered for the audit.', ['clientId'], {
  clientId: text('Its client_id.'),
  scope: text('What its sign-ins ask for. Default openid.'),
  redirectUri: url('Its redirect URI, if it is another than redirectUri of the whole.'),
  authentication,
})

/** The JSON schema of the configuration file. It is published with the package and read by the audit itself. */
export const CONFIG_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of proofkey audit',
  ...object('What an audit tests, and how. Paths are relative to this file.', ['issuer'], {
    $schema: text('Where this schema is.'),
    issuer: url('The issuer of the authorization server.'),
    metadata: {
      type: 'object',
      description: 'The endpoints of a server that publishes no metadata, by their names in RFC 8414.',
      additionalProperties: text('The URL, for example of authorization_endpoint or token_endpoint.'),
    },
    product: text('The name of the product, where its metadata does not tell it: settings are named by it.'),
    mayTest: {
      type: 'boolean',
      description:
        'The owner of the server has agreed to tests with clients. Needed at a host that is not this machine.',
    },
    clients: list('The clients to test with. Without them, only what can be seen without one is checked.', client),
    redirectUri: url('The redirect URI that the clients have registered. Default http://127.0.0.1:8765/callback.'),
    signIn: text('A module whose default export signs in: async (page) => {}, with a page of playwright-core.'),
    storageState: text('A file with the cookies of a signed-in browser, written by Playwright.'),
    sets: list('Only the checks of these sets.', { type: 'string', enum: SETS }),
    only: list('Only the checks with these ids.', text('The id of a check.')),
    skip: list('Not the checks with these ids.', text('The id of a check.')),
    slow: { type: 'boolean', description: 'Also checks that wait for minutes. Default false.' },
    failOn: {
      type: 'string',
      enum: ['high', 'medium', 'low', 'never'],
      description: 'The least severity of a failed check that makes the exit code 1. Default high.',
    },
    baseline: text('A file with findings that are accepted.'),
    formats: list('What is printed. Default terminal.', { type: 'string', enum: FORMATS }),
    output: {
      type: 'object',
      description: 'Files to write, by format.',
      propertyNames: { enum: FORMATS },
      additionalProperties: text('The path of the file.'),
    },
  }),
}
