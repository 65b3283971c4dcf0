import { beforeAll, expect, it } from 'vitest'
import { type VitestRun, vitestRuns } from './helpers/vitest-runs.js'

const PASSES = "it('passes', () => {})"
const THROWS = "() => { throw new Error('broken') }"

/** Each suite: its files, what is said to have failed outside a test, and the closing line. */
const SUITES: Record<string, [files: string[], outside: RegExp[], line: string]> = {
  'tests that pass': [[PASSES], [], '1 passed, 0 failed'],
  'a test that fails': [[`${PASSES}; it('fails', ${THROWS})`], [], '1 passed, 1 failed'],
  'a test that is skipped': [[`${PASSES}; it.skip('later')`], [], '1 passed, 0 failed, 1 skipped'],
  'an afterEach that throws': [[`afterEach(${THROWS}); ${PASSES}`], [], '0 passed, 1 failed'],
  'an afterAll that throws': [
    [`afterAll(${THROWS}); ${PASSES}`, PASSES],
    [/0\.test\.js: broken$/],
    '2 passed, 1 failed',
  ],
  'a beforeAll that throws': [
    [`beforeAll(${THROWS}); ${PASSES}`],
    [/0\.test\.js: broken$/],
    '0 passed, 1 failed, 1 skipped',
  ],
  'a hook of a nested suite': [
    [`describe('outer', () => describe('inner', () => { afterAll(${THROWS}); ${PASSES} })); ${PASSES}`],
    [/0\.test\.js > outer > inner: broken$/],
    '2 passed, 1 failed',
  ],
  'two hooks': [
    [`afterAll(${THROWS}); describe('suite', () => { afterAll(${THROWS}); ${PASSES} })`],
    [/0\.test\.js: broken$/, /0\.test\.js > suite: broken$/],
    '1 passed, 2 failed',
  ],
  'a suite that throws': [[`describe('suite', ${THROWS})`], [/0\.test\.js: broken$/], '0 passed, 1 failed'],
  'an import that fails': [["import './absent.js'", PASSES], [/0\.test\.js: .*absent/], '1 passed, 1 failed'],
  'a file that does not parse': [['it('], [/0\.test\.js: /], '0 passed, 1 failed'],
  'a file without tests': [['export {}'], [/0\.test\.js: No test suite found/], '0 passed, 1 failed'],
  'a rejection that nobody handles': [
    ["it('passes', () => { Promise.reject(new Error('lost')) })"],
    [/unhandled error: lost$/],
    '1 passed, 1 failed',
  ],
  'a worker that dies': [
    ["it('is never told', () => process.kill(process.pid, 'SIGKILL'))"],
    [/unhandled error: /],
    '0 passed, 1 failed',
  ],
  'no file at all': [[], [/no test file ran/], '0 passed, 1 failed'],
}
const IMPORTS = "import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'\n"

let runs: Map<string, VitestRun>
beforeAll(async () => {
  const files = (texts: readonly string[]) => texts.map((text, index) => [`${index}.test.js`, IMPORTS + text])
  runs = await vitestRuns(
    Object.fromEntries(Object.entries(SUITES).map(([name, [texts]]) => [name, Object.fromEntries(files(texts))])),
  )
}, 120_000)

it.each(Object.entries(SUITES))('the closing line counts what the exit code tells: %s', (name, [, outside, line]) => {
  const { exitCode, lines = [] } = runs.get(name) ?? {}
  expect(lines.filter((line) => line.startsWith('failed outside a test: '))).toEqual(
    outside.map((what) => expect.stringMatching(what)),
  )
  expect(lines.at(-1)).toBe(line)
  expect(exitCode).toBe(/ 0 failed/.test(line) ? 0 : 1)
})
