// @vitest-environment happy-dom
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { Expired, Nobody, SignedIn } from '../../examples/testing/storybook/account.stories.js'

// In happy-dom, `URL` takes no file: URL as its base.
const examples = `${process.cwd()}/examples/testing/`

// With the built package, as an app has it: `npm test` builds it first.
it("runs the example of Node's runner", async () => {
  const files = readdirSync(`${examples}node`).map((name) => `${examples}node/${name}`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', ...files], { env })
  expect(stdout).toMatch(/^(# |ℹ )fail 0$/m)
  expect(Number(/^(?:# |ℹ )pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(10)
})

it.each([
  ['SignedIn', SignedIn, 'Ada Sign out'],
  ['Nobody', Nobody, 'Nobody Sign in'],
  ['Expired', Expired, 'Nobody Sign in'],
] as const)('renders the story %s', async (_, { loaders, render }, text) => {
  const loaded = Object.assign({ fake: undefined as never }, ...(await Promise.all(loaders.map((load) => load()))))
  expect(render({}, { loaded }).textContent).toBe(text)
  loaded.fake.close()
})
