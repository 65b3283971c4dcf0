// @vitest-environment happy-dom
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import * as stories from '../../examples/testing/storybook/account.stories.js'

const examples = new URL(`../../examples/testing/`, `file://${process.cwd()}/test/testing/`).pathname

// With the built package, as an app has it: `npm test` builds it first.
it("runs the example of Node's runner", async () => {
  const files = readdirSync(`${examples}node`).map((name) => `${examples}node/${name}`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', ...files], { env })
  expect(stdout).toMatch(/^(# |ℹ )fail 0$/m)
  expect(Number(/^(?:# |ℹ )pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(10)
})

it.each([
  ['SignedIn', 'Ada Sign out'],
  ['Nobody', 'Nobody Sign in'],
  ['Expired', 'Nobody Sign in'],
] as const)('renders the story %s', async (name, text) => {
  const { loaders, render } = stories[name]
  const loaded = Object.assign({ fake: undefined as never }, ...(await Promise.all(loaders.map((load) => load()))))
  expect(render({}, { loaded }).textContent).toBe(text)
  loaded.fake.close()
})
