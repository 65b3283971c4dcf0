import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

const root = new URL('../../', import.meta.url).pathname

export interface VitestRun {
  readonly exitCode: number
  readonly lines: readonly string[]
}

/** Runs vitest in the folder named by its argument, once for each folder in it, and tells of each as a line of JSON. */
const RUNNER = `
import { readdirSync } from 'node:fs'
import { startVitest } from 'vitest/node'
const [, directory, reporter] = process.argv
for (const name of readdirSync(directory)) {
  const lines = []
  const { log } = console
  console.log = (text) => lines.push(...text.split('\\n'))
  process.exitCode = 0
  const options = { root: directory + '/' + name, include: ['*.test.js'], reporters: [reporter], watch: false, config: false }
  await startVitest('test', [], options)
  console.log = log
  console.log('run ' + JSON.stringify({ name, exitCode: process.exitCode, lines }))
}
process.exitCode = 0
`

/**
 * Runs vitest over each of some suites, all in one child process, with the closing line as its only reporter.
 * @param suites by their name the files of each, as the text of a module
 */
export async function vitestRuns(suites: Record<string, Record<string, string>>): Promise<Map<string, VitestRun>> {
  const directory = mkdtempSync(`${root}node_modules/.vitest-runs-`)
  try {
    for (const [name, files] of Object.entries(suites)) {
      mkdirSync(`${directory}/${name}`)
      for (const [file, code] of Object.entries(files)) writeFileSync(`${directory}/${name}/${file}`, code)
    }
    // A run of its own: it is told nothing of the run around it.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV)/.test(name)),
    )
    const reporter = `${root}test/helpers/closing-line.ts`
    const args = ['--input-type=module', '--eval', RUNNER, directory, reporter]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
    const runs = stdout.split('\n').filter((line) => line.startsWith('run '))
    return new Map(runs.map((line) => JSON.parse(line.slice(4))).map(({ name, ...run }) => [name, run]))
  } finally {
    rmSync(directory, { recursive: true })
  }
}
