import { EXPECTED_FAILURES } from './expected-failures.js'
import { authScenarios, runScenario } from './scenario.js'

/**
 * All scenarios of `@modelcontextprotocol/conformance` for the authorization of clients, each at all of its protocol versions.
 * Fails for a scenario that fails unexpectedly, that passes though it is listed, or that is listed and does not exist.
 */
const scenarios = await authScenarios()
const problems: string[] = []
const count = { passed: 0, expected: 0 }
for (const { name, versions } of scenarios) {
  const reason = EXPECTED_FAILURES[name]
  for (const version of versions.length ? versions : [undefined]) {
    const { passed, output } = await runScenario(name, version)
    const label = `${name}${version ? ` (${version})` : ''}`
    console.log(`${passed ? 'passed' : reason ? 'failed, as expected' : 'FAILED'}  ${label}`)
    if (passed && reason) problems.push(`${label} passes: remove it from the expected failures.`)
    else if (!passed && !reason) problems.push(`${label} failed:\n${output}`)
    else if (passed) count.passed++
    else count.expected++
  }
}
for (const name of Object.keys(EXPECTED_FAILURES))
  if (!scenarios.some((one) => one.name === name)) problems.push(`${name} is an expected failure, but no scenario.`)
if (!count.passed) problems.push('No scenario has passed.')
console.log(`\n${count.passed} passed, ${count.expected} failed as expected, ${problems.length} problems.`)
for (const problem of problems) console.error(`\n${problem}`)
process.exitCode = problems.length ? 1 : 0
