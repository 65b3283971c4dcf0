/**
 * Feeds hostile inputs to what reads text from outside; two processes at the same time at most. Prints for each target its
 * runs, its seed and, where an input breaks what must hold, the smallest one with the path that makes it again. Exits with
 * 1 where one did.
 *
 * `npm run fuzz -- [--target cookies]... [--runs 100000] [--seed=N] [--path 12:3:0]`
 * --target: only this one; may come more than once; `session` and `session-mutants` are run only by this. --seed and --path: as a failure printed them
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { LONG_TARGETS, TARGETS } from './targets.js'

const PROCESSES = 2

const { values: options } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: TARGETS.map(({ name }) => name) },
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: `${Date.now() % 0x7fffffff}` },
    path: { type: 'string' },
  },
})
const names = options.target
const all = [...TARGETS, ...LONG_TARGETS]
const unknown = names.find((name) => !all.some((target) => target.name === name))
if (unknown) throw new Error(`No target ${unknown}. There are: ${all.map(({ name }) => name).join(', ')}.`)

if (names.length === 1) await runHere(names[0]!)
else await runInProcesses()

async function runHere(wanted: string): Promise<void> {
  const { name, arbitrary, property, close } = all.find(({ name }) => name === wanted)!
  const start = performance.now()
  const seed = Number(options.seed)
  const details = await fc.check(
    fc.asyncProperty(arbitrary, async (input) => property(input)),
    { numRuns: Number(options.runs), seed, ...(options.path && { path: options.path }) },
  )
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`${details.failed ? 'FAILED' : 'held  '}  ${name}: ${details.numRuns} runs, ${seconds} s, seed ${seed}`)
  if (details.failed) {
    const replay = `npm run fuzz -- --target ${name} --seed=${seed} --path ${details.counterexamplePath}`
    console.log(`${replay}\n${fc.stringify(details.counterexample?.[0])}\n${String(details.errorInstance)}`)
  }
  await close?.()
  process.exit(details.failed ? 1 : 0)
}

async function runInProcesses(): Promise<void> {
  const waiting = [...names]
  let failures = 0
  const work = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const settings = ['--target', name, '--runs', options.runs, `--seed=${options.seed}`]
      const args = [...process.execArgv, fileURLToPath(import.meta.url), ...settings]
      const child = spawn(process.execPath, args, { stdio: 'inherit' })
      const code = await new Promise((resolve) => child.once('close', resolve))
      if (code !== 0) failures++
    }
  }
  await Promise.all(Array.from({ length: PROCESSES }, work))
  console.log(`${names.length} targets, ${failures} failed, seed ${options.seed}`)
  process.exitCode = failures ? 1 : 0
}
