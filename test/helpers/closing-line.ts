import type { Reporter, TestModule } from 'vitest/node'

/** Ends the output with one line that any reader of the run understands. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const broken = modules.filter((module) => module.state() === 'failed' && !module.children.size).length
    console.log(`\n${count('passed')} passed, ${count('failed') + broken + errors.length} failed`)
  }
}
