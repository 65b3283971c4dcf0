/**
 * Runs scripts of package.json, two at a time, in the order in which they are named. Prints the output of each once it has
 * ended, and its seconds. Runs all, whichever fail; exits with 1 where one did.
 *
 * `tsx test/helpers/two-at-a-time.ts lint:biome lint:types`
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const AT_A_TIME = 2

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const waiting = process.argv.slice(2)
const unknown = waiting.filter((name) => !scripts[name])
if (unknown.length || !waiting.length) throw new Error(`No such scripts: ${unknown.join(', ') || 'none are named'}`)

function run(name: string): Promise<boolean> {
  const start = performance.now()
  // npm has put the programs of the packages into PATH.
  const child = spawn(scripts[name], { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${name}  ${seconds} s\n${Buffer.concat(output)}`.trimEnd())
      resolve(code === 0)
    })
  })
}

async function work(): Promise<void> {
  for (let name = waiting.shift(); name; name = waiting.shift()) if (!(await run(name))) process.exitCode = 1
}

await Promise.all(Array.from({ length: AT_A_TIME }, work))
