/**
 * Runs all tests and, with the time that they leave, lint, types and package checks. The package is built already. Exits
 * with 1 where any of them failed; then the last line says so.
 */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'

const CHECKS = 'tsx test/helpers/two-at-a-time.ts lint package:check'

/** @returns its exit code and, unless it inherits the terminal, what it printed */
function run(command: string, output: 'inherit' | 'pipe', priority?: number): Promise<[number, string]> {
  const child = spawn(command, { shell: true, stdio: ['ignore', output, output] })
  if (child.pid && priority !== undefined) setPriority(child.pid, priority)
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve([code ?? 1, `${Buffer.concat(chunks)}`]))
  })
}

const checks = run(CHECKS, 'pipe', constants.priority.PRIORITY_LOW)
let testsAreOver = false
const printed = checks.then(([code, output]) => {
  // The line that closes the tests stays the last one where all is well.
  if (code || !testsAreOver) console.log(output)
})
const [testsCode] = await run('vitest run', 'inherit')
testsAreOver = true
await printed
const [checksCode] = await checks
if (checksCode) console.log('The checks failed: npm run check')
process.exitCode = testsCode || checksCode
