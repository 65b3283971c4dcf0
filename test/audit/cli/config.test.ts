import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { schemaProblems } from '../../../src/audit/config/check-schema.js'
import { checkConfig } from '../../../src/audit/config/config.js'
import { CONFIG_SCHEMA } from '../../../src/audit/config/schema.js'
import { formats } from '../../../src/audit/report/formats.js'
import { REPORT_SCHEMA } from '../../../src/audit/report/report-schema.js'
import { reportWith, resultWith } from '../report/report-for-tests.js'

const ajv = addFormats(new Ajv2020({ allErrors: true, strict: true, strictRequired: false }))
const accepts = ajv.compile(CONFIG_SCHEMA)
const problems = (value: unknown) => schemaProblems(CONFIG_SCHEMA, value)

const issuer = 'https://login.example.com'
const withClient = (members: object) => ({ issuer, clients: [{ clientId: 'a', ...members }] })
const withAuthentication = (authentication: object) => withClient({ authentication })

const RIGHT: object[] = [
  { issuer },
  { $schema: './node_modules/proofkey/dist/audit.schema.json', issuer: 'http://127.0.0.1:3000/tenant', mayTest: true },
  {
    issuer,
    sets: ['rfc9700'],
    only: ['wrong-verifier'],
    skip: ['hsts'],
    slow: true,
    failOn: 'never',
    baseline: 'b.json',
  },
  { issuer, formats: ['terminal', 'json'], output: { sarif: 'audit.sarif', html: 'audit.html' } },
  { issuer, signIn: './sign-in.mjs', redirectUri: 'https://app.example.com/callback' },
  withClient({ scope: 'openid offline_access', redirectUri: 'http://127.0.0.1:1/x' }),
  withAuthentication({ method: 'client_secret_post', secretEnv: 'SECRET_1' }),
  withAuthentication({ method: 'client_secret_basic', secretFile: './secret' }),
  withAuthentication({ method: 'private_key_jwt', privateKeyFile: 'key.pem', keyId: 'k', algorithm: 'PS256' }),
  withAuthentication({ method: 'tls_client_auth', certFile: 'c', keyFile: 'k', caFile: 'ca' }),
]

const WRONG: [object | string, string][] = [
  [{}, 'issuer: is missing'],
  ['text', 'the file: must be an object, is a string'],
  [{ issuer: 7 }, 'issuer: must be a string, is a number'],
  [{ issuer: 'login.example.com' }, 'issuer: must be an http(s) URL without user name and fragment'],
  [{ issuer: 'https://user:word@login.example.com' }, 'issuer: must be an http(s) URL without user name and fragment'],
  [{ issuer, failOn: 'hi' }, 'failOn: must be one of high, medium, low, never; is "hi"'],
  [{ issuer, mayTest: 'yes' }, 'mayTest: must be a boolean, is a string'],
  [{ issuer, clients: [] }, 'clients: must not be empty'],
  [{ issuer, clients: [{}] }, 'clients[0].clientId: is missing'],
  [
    { issuer, sets: ['rfc9700', 'fapi1'] },
    'sets[1]: must be one of rfc9700, asvs-l1, asvs-l2, asvs-l3, fapi2; is "fapi1"',
  ],
  [
    { issuer, output: { pdf: 'x' } },
    'output.pdf: the name must be one of terminal, json, sarif, junit, markdown, html',
  ],
  [
    withAuthentication({ method: 'password' }),
    'clients[0].authentication.method: must be one of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth',
  ],
  [withAuthentication({}), 'clients[0].authentication.method: is missing'],
  [
    withAuthentication({ method: 'client_secret_basic' }),
    'clients[0].authentication: must have exactly one of secretEnv, secretFile',
  ],
  [
    withAuthentication({ method: 'client_secret_basic', secretEnv: 'A', secretFile: 'b' }),
    'clients[0].authentication: must have exactly one of secretEnv, secretFile',
  ],
  [
    withAuthentication({ method: 'client_secret_basic', secretEnv: 'not a name' }),
    'clients[0].authentication.secretEnv: must be the name of a variable: letters, digits and _',
  ],
  [withAuthentication({ method: 'tls_client_auth', certFile: 'c' }), 'clients[0].authentication.keyFile: is missing'],
]

describe('the configuration', () => {
  it.each(RIGHT)('is right: %j', (config) => {
    expect(problems(config)).toEqual([])
    expect(accepts(config)).toBe(true)
  })

  it.each(WRONG)('is wrong: %j', (config, problem) => {
    expect(problems(config)).toEqual([problem])
    expect(accepts(config)).toBe(false)
  })

  it('names each unknown member, and shows no value that could be a secret', () => {
    const secret = 'hunter2-hunter2'
    const wrong = withAuthentication({ method: 'client_secret_basic', secretEnv: 'A', secret, extra: secret })
    const found = problems({ ...wrong, password: secret })
    expect(found).toEqual([
      'clients[0].authentication.secret: secrets do not belong into this file; use secretEnv, secretFile or privateKeyFile',
      'clients[0].authentication.extra: is unknown; known are method, secretEnv, secretFile',
      'password: secrets do not belong into this file; use secretEnv, secretFile or privateKeyFile',
    ])
    expect(accepts(wrong)).toBe(false)
  })

  it('is judged as the published schema judges it, whatever is changed in it', () => {
    const values = fc.oneof(
      fc.constantFrom('', 'a', 'https://a.example', 'high', 'client_secret_basic', 'constructor'),
      fc.jsonValue(),
    )
    const change = fc.tuple(
      fc.constantFrom(...RIGHT),
      fc.array(fc.nat(20), { maxLength: 4 }),
      fc.string(),
      values,
      fc.boolean(),
    )
    fc.assert(
      fc.property(change, ([config, path, name, value, removes]) => {
        const copy = structuredClone(config) as Record<string, unknown>
        let at = copy
        let [key] = Object.keys(copy)
        for (const step of path) {
          const keys = Object.keys(at)
          key = keys[step % keys.length] ?? name
          if (typeof at[key] !== 'object' || at[key] === null) break
          at = at[key] as Record<string, unknown>
          key = Object.keys(at)[0] ?? name
        }
        if (removes && !Array.isArray(at)) delete at[key!]
        else at[key!] = value
        expect([problems(copy), accepts(copy)]).toEqual(
          accepts(copy) ? [[], true] : [expect.not.objectContaining({ length: 0 }), false],
        )
      }),
      { numRuns: 3000 },
    )
  })

  it('has each client once', () => {
    const clients = [{ clientId: 'a' }, { clientId: 'a' }]
    expect(() => checkConfig({ issuer, clients }, 'x.json')).toThrow('x.json: clients: "a" is there twice.')
  })
})

describe('the report as JSON', () => {
  const validate = ajv.compile(REPORT_SCHEMA)

  it('fits its published schema', () => {
    const accepted = resultWith({ acceptedBecause: 'known' })
    const stale = [{ id: 'x', clientId: 'a', reason: 'b' }]
    for (const report of [reportWith(), { ...reportWith([accepted]), stale }]) {
      const read = JSON.parse(formats.json(report, {}))
      expect(validate(read), JSON.stringify(validate.errors)).toBe(true)
      expect(validate({ ...read, more: 1 })).toBe(false)
      expect(validate({ ...read, summary: {} })).toBe(false)
    }
  })
})
