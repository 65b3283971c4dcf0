import { SETS, SEVERITIES } from '../check.js'
import { REPORT_VERSION } from './report.js'

const string = { type: 'string' } as const
const strings = { type: 'array', items: string } as const
const count = { type: 'integer', minimum: 0 } as const
const seconds = { type: 'number', minimum: 0 } as const
const url = { type: 'string', format: 'uri' } as const
const RESULTS = ['pass', 'fail', 'warning', 'not_applicable', 'inconclusive'] as const

const object = (properties: Readonly<Record<string, object>>, ...optional: string[]) => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
  additionalProperties: false,
})

const exchange = object(
  {
    request: object({ method: string, url: string, headers: strings, body: string }, 'body'),
    response: object({ status: { type: 'integer' }, headers: strings, body: string }),
    failure: string,
  },
  'response',
  'failure',
)

const result = object(
  {
    id: { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
    title: string,
    severity: { enum: SEVERITIES },
    sets: { type: 'array', items: { enum: SETS } },
    sources: { type: 'array', items: object({ document: string, section: string, url }) },
    clientId: string,
    result: { enum: RESULTS },
    observed: string,
    sends: string,
    why: string,
    repair: string,
    setting: string,
    exchanges: { type: 'array', items: exchange },
    durationSeconds: seconds,
    acceptedBecause: string,
  },
  'clientId',
  'setting',
  'acceptedBecause',
)

/** The JSON schema of a report as `--format json` writes it. It is published with the package. */
export const REPORT_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Report of proofkey audit',
  ...object(
    {
      version: { const: REPORT_VERSION, description: 'Rises when a member is removed or changes its meaning.' },
      toolVersion: string,
      issuer: string,
      product: {
        ...object({ name: string, how: string }),
        description: 'The product that the server is, if that could be told. `how` fits after “recognised by”.',
      },
      clients: { type: 'array', items: object({ clientId: string, authentication: string }) },
      startedAt: { type: 'string', format: 'date-time' },
      durationSeconds: seconds,
      tokensLeft: { ...count, description: 'How many tokens could not be revoked.' },
      summary: object(Object.fromEntries(RESULTS.map((name) => [name, count]))),
      results: { type: 'array', items: result },
      stale: { type: 'array', items: object({ id: string, clientId: string, reason: string }, 'clientId') },
    },
    'product',
  ),
}
