/**
 * What a change costs, as Markdown for a pull request: the size of each bundle, and on request the figures of benchmarks,
 * against another state of this repository. Both states run in turn on this machine, so that its load hits both.
 *
 * `npm run compare -- [--with main] [--bench bench:resource-server]... [--runs 3] [-- arguments of the benchmarks]`
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { figuresIn } from './figures-in.js'
import { measureSizes, type Sizes, sizeDifferences } from './sizes.js'
import { median } from './statistics.js'
import { markdownTable, type Row } from './table.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    with: { type: 'string', default: 'main' },
    bench: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '3' },
  },
})
const run = (command: string, args: readonly string[], cwd = ROOT) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1e8 })

const before: Sizes = JSON.parse(run('git', ['show', `${options.with}:test/bench/sizes.json`]))
const [[, ...head] = [], ...rows] = sizeDifferences(before, await measureSizes())
console.log(
  markdownTable([
    [
      `minified, gzip -9, bytes; against ${options.with}`,
      ...head.map((cell) => (cell === 'recorded' ? 'before' : cell)),
    ],
    ...rows,
  ]),
)

if (options.bench.length) {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-compare-'))
  const other = join(folder, 'other')
  run('git', ['worktree', 'add', '--detach', other, options.with])
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(other, 'node_modules'))
    run('npm', ['run', 'build'], other)
    for (const script of options.bench) console.log(`\n${markdownTable(compare(script, other))}`)
  } finally {
    run('git', ['worktree', 'remove', '--force', other])
    rmSync(folder, { recursive: true })
  }
}

/** The medians of each figure that both states print, and their ratio. */
function compare(script: string, other: string): Row[] {
  const samples = new Map<string, { readonly was: number[]; readonly is: number[] }>()
  for (let count = 0; count < Number(options.runs); count++) {
    for (const [state, cwd] of [
      ['was', other],
      ['is', ROOT],
    ] as const) {
      for (const [name, value] of figuresIn(run('npm', ['run', '--silent', script, '--', ...positionals], cwd))) {
        const sample = samples.get(name) ?? { was: [], is: [] }
        sample[state].push(value)
        samples.set(name, sample)
      }
    }
  }
  const rows = [...samples].filter(([, { was, is }]) => was.length && is.length)
  return [
    [`${script}, medians of ${options.runs} runs`, 'before', 'now', 'ratio'],
    ...rows.map(([name, { was, is }]): Row => {
      const [a, b] = [median(was), median(is)]
      return [name, `${a}`, `${b}`, a ? (b / a).toFixed(2) : '']
    }),
  ]
}
