import { expect, test } from 'vitest'
import { EXPECTED_FAILURES } from '../conformance/expected-failures.js'
import { runScenario } from '../conformance/scenario.js'

// All of them: npm run conformance:mcp.
test.each([
  ['auth/scope-step-up', '2025-11-25'],
  ['auth/authorization-server-migration', '2026-07-28'],
  ['auth/iss-wrong-issuer', '2026-07-28'],
])('the client passes %s (%s)', async (name, version) => {
  const { passed, output } = await runScenario(name, version)
  expect(passed, output).toBe(true)
})

test('what it cannot pass fails: the framework tells the difference', async () => {
  const [name = ''] = Object.keys(EXPECTED_FAILURES)
  expect((await runScenario(name)).passed).toBe(false)
})
