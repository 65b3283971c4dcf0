import { relative } from 'node:path'
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/**
 * Ends the output with one line: what passed and what failed. A failure outside a test (a hook, a suite, a file, an
 * unhandled error) counts like that of a test and is named in a line before; the exit code is 0 only where none failed.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message: string }[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const outside = [
      ...modules.flatMap(failuresOutsideTests),
      ...errors.map(({ message }) => `unhandled error: ${firstLine(message)}`),
    ]
    if (!modules.length) outside.push('no test file ran')
    if (reason === 'interrupted') outside.push('the run was interrupted')
    // The runner knows of a failure that is not listed above.
    if (reason === 'failed' && !count('failed') && !outside.length) outside.push('the runner does not say where')
    const skipped = count('skipped') ? `, ${count('skipped')} skipped` : ''
    for (const what of ['', ...outside]) console.log(what && `failed outside a test: ${what}`)
    console.log(`${count('passed')} passed, ${count('failed') + outside.length} failed${skipped}`)
  }
}

/** The file and the suites that have errors of their own: hooks, and code that runs while tests are collected. */
function failuresOutsideTests(module: TestModule): string[] {
  const file = relative(process.cwd(), module.moduleId)
  const suites = [...module.children.allSuites()].flatMap((suite) =>
    suite.errors().map(({ message }) => `${file} > ${suite.fullName}: ${firstLine(message)}`),
  )
  const own = module.errors().map(({ message }) => `${file}: ${firstLine(message)}`)
  return [...own, ...suites]
}

const firstLine = (message: string) => message.split('\n')[0]
