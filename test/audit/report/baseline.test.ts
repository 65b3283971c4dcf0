import { describe, expect, it } from 'vitest'
import { applyBaseline, baselineOf, isFailed, parseBaseline } from '../../../src/audit/report/baseline.js'
import { reportWith, resultWith } from './report-for-tests.js'

const failing = reportWith([resultWith({ clientId: 'a' }), resultWith({ clientId: 'b', severity: 'medium' })])

describe('a baseline', () => {
  it('accepts one finding of one client', () => {
    const { results, stale } = applyBaseline(failing, {
      version: 1,
      accepted: [{ id: 'wrong-verifier', clientId: 'a', reason: 'known' }],
    })
    expect(results.map(({ acceptedBecause }) => acceptedBecause)).toEqual(['known', undefined])
    expect(stale).toEqual([])
  })

  it('is stale where the check passes now, and only there', () => {
    const entry = { id: 'wrong-verifier', clientId: 'a', reason: 'known' }
    const at = (result: 'pass' | 'inconclusive' | 'not_applicable') =>
      applyBaseline(reportWith([resultWith({ clientId: 'a', result })]), { version: 1, accepted: [entry] })
    expect(at('pass').stale).toEqual([entry])
    expect(isFailed(at('pass'), 'high')).toBe(true)
    expect(at('inconclusive').stale).toEqual([])
    expect(at('not_applicable').stale).toEqual([])
    expect(applyBaseline(reportWith([]), { version: 1, accepted: [entry] }).stale).toEqual([])
  })

  it('can be made of a report, and then nothing fails', () => {
    const baseline = parseBaseline(JSON.stringify(baselineOf(failing, 'to be mended')))
    expect(isFailed(applyBaseline(failing, baseline), 'low')).toBe(false)
    expect(isFailed(failing, 'low')).toBe(true)
  })

  it.each(['', 'null', '[]', '{"version":2,"accepted":[]}', '{"version":1,"accepted":[null]}', '{"version":1}'])(
    'is refused if it is none: %s',
    (text) => expect(() => parseBaseline(text)).toThrow(/baseline: must be/),
  )

  it('is refused without a reason', () => {
    const text = JSON.stringify({ version: 1, accepted: [{ id: 'a', reason: ' ' }] })
    expect(() => parseBaseline(text)).toThrow(/reason/)
  })
})

describe('isFailed', () => {
  it.each([
    ['high', 'high', true],
    ['medium', 'high', false],
    ['medium', 'medium', true],
    ['low', 'low', true],
    ['info', 'low', false],
    ['high', 'never', false],
  ] as const)('a failed check of severity %s with %s: %s', (severity, failOn, expected) => {
    expect(isFailed(reportWith([resultWith({ severity })]), failOn)).toBe(expected)
  })

  it('is not moved by warnings and by what could not be told', () => {
    const report = reportWith([resultWith({ result: 'warning' }), resultWith({ result: 'inconclusive' })])
    expect(isFailed(report, 'low')).toBe(false)
  })
})
