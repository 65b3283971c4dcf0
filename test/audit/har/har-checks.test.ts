import { describe, expect, it } from 'vitest'
import { auditHar, harChecks } from '../../../src/audit.js'
import { DEFECTS, type Defect } from './defects.js'
import { harText, honestSignIn, secretsOf } from './honest-recording.js'

function record(defect?: Defect) {
  const signIns = [honestSignIn('first'), honestSignIn('second')] as const
  defect?.change(signIns[0])
  if (defect?.both) defect.change(signIns[1])
  return auditHar([{ name: 'app.har', text: harText(...signIns) }])
}

const resultsOf = ({ results }: ReturnType<typeof auditHar>) =>
  results.map(({ id, result, observed }) => ({ id, result, observed }))

it('passes an honest recording in every check', () => {
  const report = record()
  expect(resultsOf(report).filter(({ result }) => result !== 'pass')).toEqual([])
  expect(report).toMatchObject({
    issuer: 'https://login.example.com',
    clients: [{ clientId: 'my-spa', authentication: 'none' }],
    summary: { pass: harChecks.length },
  })
})

it('has a proof for each check, and only for checks that there are', () => {
  expect(Object.keys(DEFECTS).sort()).toEqual(harChecks.map(({ id }) => id).sort())
})

describe.each(harChecks.map(({ id }) => id))('%s', (id) => {
  it.each(Object.entries(DEFECTS[id] ?? {}))('finds: %s', (_, defect) => {
    const results = resultsOf(record(defect))
    const found = results.filter(({ result }) => /fail|warning/.test(result))
    expect(found.map((result) => result.id).sort(), JSON.stringify(found)).toEqual([id, ...(defect.also ?? [])].sort())
  })

  it('is inconclusive where nobody signs in', () => {
    const { entries } = honestSignIn('nobody')
    const { home, script, tracker } = entries
    const report = auditHar([{ name: 'nobody.har', text: harText({ entries: { home, script, tracker } }) }])
    expect(resultsOf(report).find((result) => result.id === id)).toMatchObject({
      result: 'inconclusive',
      observed: 'No sign-in is in the recording.',
    })
    expect(report.issuer).toBe('nobody.har')
  })
})

it.each(['har-verifier-fresh', 'har-state-fresh', 'har-nonce-fresh'])('%s compares over recordings', (id) => {
  const one = { name: 'one.har', text: harText(honestSignIn('same')) }
  const other = { name: 'other.har', text: harText(honestSignIn('other')) }
  const resultOf = (...files: (typeof one)[]) => resultsOf(auditHar(files)).find((result) => result.id === id)
  expect(resultOf(one)).toMatchObject({ result: 'inconclusive' })
  expect(resultOf(one, other)).toMatchObject({ result: 'pass' })
  expect(resultOf(one, { ...one, name: 'again.har' })).toMatchObject({
    result: 'fail',
    observed: expect.stringContaining('(again.har)'),
  })
})

it('names places, not secrets', () => {
  const { observed } = record(DEFECTS['har-third-party']!['code in the Referer']).results.find(
    ({ id }) => id === 'har-third-party',
  )!
  expect(observed).toBe(
    'https://stats.example.net/collect gets the code (Referer). https://stats.example.net/collect gets the state (Referer).',
  )
  expect(observed).not.toContain(secretsOf('first').code)
})
