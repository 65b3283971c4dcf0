import { findingsOf, linesOf, readExpectations, record } from './expectations.js'
import { auditServer, NAMES, type Name } from './zoo.js'

/**
 * `npm run audit:zoo [-- name…] [--record]`: audits authorization servers that others wrote, and compares what is found with
 * what was confirmed by hand. With `--record` what is found becomes what is expected; each reason is to be written then.
 */
const given = process.argv.slice(2)
const isRecording = given.includes('--record')
const names = given.filter((one) => !one.startsWith('--'))
const unknown = names.filter((name) => !NAMES.includes(name as Name))
if (unknown.length) throw new Error(`No such server: ${unknown.join(', ')}. There are ${NAMES.join(', ')}.`)

for (const name of names.length ? (names as Name[]) : NAMES) {
  const audited = await auditServer(name)
  const { summary, durationSeconds, results } = audited.report
  console.log(
    `\n${name}: ${Object.entries(summary)
      .map(([result, count]) => `${count} ${result}`)
      .join(', ')} (${Math.round(durationSeconds)} s)`,
  )
  for (const { id, result, clientId, observed } of results)
    if (result === 'fail' || result === 'warning')
      console.log(`  ${result}  ${id}${clientId ? ` (${audited.methodOf.get(clientId)})` : ''}: ${observed}`)
  const found = findingsOf(audited)
  if (isRecording) {
    record(name, found)
    continue
  }
  const [now, expected] = [linesOf(found), linesOf(readExpectations(name))]
  for (const line of now.filter((one) => !expected.includes(one))) console.log(`  + ${line}`)
  for (const line of expected.filter((one) => !now.includes(one))) console.log(`  - ${line}`)
  if (now.join() !== expected.join()) process.exitCode = 1
}
