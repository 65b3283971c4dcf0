import { expect, test } from 'vitest'
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
