import { readFileSync } from 'node:fs'
import AjvDraft04 from 'ajv-draft-04'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { applyBaseline } from '../../../src/audit/report/baseline.js'
import { html } from '../../../src/audit/report/html.js'
import { junit } from '../../../src/audit/report/junit.js'
import { markdown } from '../../../src/audit/report/markdown.js'
import { sarif } from '../../../src/audit/report/sarif.js'
import type { AuditResult } from '../../../src/audit.js'
import { everyKind, reportWith, resultWith } from './report-for-tests.js'

const accepted = applyBaseline(reportWith(), {
  version: 1,
  accepted: [{ id: 'wrong-verifier', clientId: 'my-spa', reason: 'TICKET-7' }],
})

/** Results whose texts are hostile to every format. */
const anyResult: fc.Arbitrary<AuditResult> = fc
  .record({
    result: fc.constantFrom('fail', 'warning', 'inconclusive', 'pass', 'not_applicable' as const),
    severity: fc.constantFrom('high', 'medium', 'low', 'info' as const),
    observed: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('</pre><script>alert(1)</script>', ']]><x>', '"\'&<', '| a | b\n\n# c', '\u0000\u001b[31m\ud800'),
    ),
    clientId: fc.string({ unit: 'grapheme' }),
  })
  .map((members) => resultWith(members as Partial<AuditResult>))

const anyReport = fc.array(anyResult, { minLength: 1, maxLength: 5 }).map((results) => reportWith(results))

describe('SARIF', () => {
  const ajv = new AjvDraft04({ strict: false })
  addFormats(ajv)
  const schema = new URL('../schemas/sarif-2.1.0.json', import.meta.url)
  const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')))
  const errorsOf = (text: string) => (validate(JSON.parse(text)) ? [] : validate.errors)

  it('fits its schema', () => {
    expect(errorsOf(sarif(reportWith()))).toEqual([])
    expect(errorsOf(sarif(accepted))).toEqual([])
    expect(errorsOf('{"version":"2.1.0"}')).not.toEqual([])
  })

  it('fits its schema with any text', () => {
    fc.assert(fc.property(anyReport, (report) => void expect(errorsOf(sarif(report))).toEqual([])))
  })

  it('says what is accepted, and points at the configuration file', () => {
    const [run] = JSON.parse(sarif(accepted, { configurationFile: 'ci/audit.json' })).runs
    expect(run.results[0]).toMatchObject({
      ruleId: 'wrong-verifier',
      kind: 'fail',
      level: 'error',
      baselineState: 'unchanged',
      suppressions: [{ kind: 'external', status: 'accepted', justification: 'TICKET-7' }],
      locations: [{ physicalLocation: { artifactLocation: { uri: 'ci/audit.json' } } }],
    })
    expect(run.results[1].suppressions).toBeUndefined()
    expect(run.results.map(({ kind }: { kind: string }) => kind)).toEqual([
      'fail',
      'fail',
      'fail',
      'open',
      'pass',
      'notApplicable',
    ])
    expect(run.results.map(({ level }: { level: string }) => level).slice(2)).toEqual(['note', 'none', 'none', 'none'])
  })

  it('has the same fingerprint in each run, another one for each client', () => {
    const prints = (text: string) =>
      JSON.parse(text).runs[0].results.map((result: { partialFingerprints: object }) => result.partialFingerprints)
    expect(prints(sarif(reportWith()))).toEqual(prints(sarif({ ...reportWith(), startedAt: '2027-01-01T00:00:00Z' })))
    const [one, other] = prints(sarif(reportWith([resultWith({ clientId: 'a' }), resultWith({ clientId: 'b' })])))
    expect(one).not.toEqual(other)
  })
})

describe('JUnit', () => {
  it('is well-formed with any text', () => {
    fc.assert(fc.property(anyReport, (report) => void expect(XMLValidator.validate(junit(report))).toBe(true)))
    expect(XMLValidator.validate('<a></b>')).not.toBe(true)
  })

  it('counts failures and skipped cases, not what is accepted', () => {
    expect(junit(reportWith())).toContain('tests="6" failures="2" errors="0" skipped="2"')
    expect(junit(accepted)).toContain('tests="6" failures="1" errors="0" skipped="3"')
    expect(junit(accepted)).toContain('<skipped message="accepted: TICKET-7"/>')
  })
})

describe('Markdown', () => {
  it('begins with what fails', () => {
    const text = markdown(reportWith())
    expect(text).toContain('**2 failed · 1 warnings · 1 inconclusive · 1 passed · 1 not applicable**')
    expect(text.indexOf('## Failed (high)')).toBeLessThan(text.indexOf('## Failed (medium)'))
    expect(text.indexOf('## Failed (medium)')).toBeLessThan(text.indexOf('## Warning'))
    expect(text).toContain('- **In this product:** Set pkce.required to () => true.')
  })

  it('makes no markup of what the server says', () => {
    const hostile = '![x](https://evil.example/) <img src=x> | cell\n# heading'
    const text = markdown(
      reportWith([resultWith({ observed: hostile }), resultWith({ observed: hostile, result: 'pass' })]),
    )
    expect(text).not.toMatch(/[^\\]\[x]|[^\\]<img|^# heading/m)
    expect(
      text
        .split('\n')
        .filter((line) => line.startsWith('| A code'))[0]
        ?.match(/(?<!\\)\|/g),
    ).toHaveLength(3)
  })
})

describe('HTML', () => {
  it('needs nothing else and runs nothing', () => {
    const page = html(reportWith())
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)|url\(|@import/i)
    expect(page).toContain(`default-src 'none'`)
  })

  it('makes no element of any text', () => {
    const tagsOf = (page: string) => [...page.matchAll(/<(\/?[a-z0-9]+)/gi)].map(([, name]) => name)
    fc.assert(
      fc.property(anyResult, (result) => {
        const harmless = reportWith([{ ...result, observed: 'x', clientId: 'y' }])
        expect(tagsOf(html(reportWith([result])))).toEqual(tagsOf(html(harmless)))
      }),
    )
  })

  it('shows every finding with its repair', () => {
    const page = html(accepted)
    for (const { title } of everyKind()) expect(page).toContain(title)
    expect(page).toContain('TICKET-7')
    expect(page).toContain('Compare the digest of the verifier with the challenge.')
  })
})
