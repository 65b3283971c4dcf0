/**
 * Changes the source in one place at a time (a mutant) and runs the tests that reach the place: one of them has to fail.
 * A mutant that survives is printed as a line of `equivalent.md`. Write a test that kills it, or add the line with a reason.
 * Exits with 1 where less than 90 % are killed, or where the list names a mutant that does not survive.
 *
 * `npm run mutation`                                   all folders
 * `npm run mutation -- crypto server/edge/cookies.ts`  these folders and files
 * `npm run mutation -- --again …`                      also what was tried before and has not changed since
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import { asEntry, type Equivalent, inOneLine, keyOf, type Mutant, readEquivalents } from './equivalent.js'
import { FOLDERS, isIn, testsFor } from './folders.js'

const REQUIRED_PERCENT = 90
const ROOT = new URL('../../', import.meta.url)
const CACHE = 'node_modules/.cache/mutation'

interface Outcome extends Mutant {
  readonly survived: boolean
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { again: { type: 'boolean', default: false } },
})
const equivalents = readEquivalents(read('test/mutation/equivalent.md'))
mkdirSync(new URL(CACHE, ROOT), { recursive: true })
const outcomes: Outcome[] = []
const failed: string[] = []
for (const path of positionals.length ? positionals : Object.keys(FOLDERS)) {
  try {
    outcomes.push(...(await mutate(path)))
  } catch (error) {
    // For example that no test imports the file. The others are tried nevertheless.
    failed.push(`${path}: ${(error as Error).message}`)
  }
}
const stale = report(outcomes)
for (const text of failed) console.log(`Not tried: ${text}`)
process.exit(failed.length || stale.length || percentOf(outcomes) < REQUIRED_PERCENT ? 1 : 0)

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

async function mutate(path: string): Promise<Outcome[]> {
  const incrementalFile = `${CACHE}/${path.replaceAll('/', '-').replace('*', 'files')}.json`
  if (options.again) rmSync(new URL(incrementalFile, ROOT), { force: true })
  else forgetSurvivors(new URL(incrementalFile, ROOT))
  const tests = testsFor(path)
  process.env['MUTATION_TESTS'] = JSON.stringify(tests)
  const results = await new Stryker({
    mutate: [globOf(path), ...apartFrom(path).map((file) => `!${globOf(file)}`)],
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    concurrency: 2,
    incremental: true,
    incrementalFile,
    timeoutMS: 20_000,
    ignorePatterns: [
      '/docs',
      '/dist',
      '/examples/!(demo)',
      '/test/servers/*/**',
      '/test/frameworks',
      '/test/audit',
      '/test/e2e',
    ],
    reporters: [],
    logLevel: 'error',
  } as ConstructorParameters<typeof Stryker>[0]).runMutationTest()
  const { testFiles: ran } = JSON.parse(read(incrementalFile)) as { testFiles: object }
  const missing = tests.filter((file) => !(file in ran))
  // Stryker does not mind: it takes a file that cannot be loaded for one without tests.
  if (missing[0]) throw new Error(`no test of these has run: ${missing.join(', ')}.`)
  return results
    .filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status))
    .map(({ fileName, location, replacement = '', status }) => {
      const file = fileName.slice(fileName.lastIndexOf('/src/') + '/src/'.length)
      const source = read(`src/${file}`).split('\n')
      return {
        file,
        line: inOneLine(source[location.start.line - 1] ?? ''),
        original: inOneLine(between(source, location)),
        replacement: inOneLine(replacement),
        survived: status === 'Survived' || status === 'NoCoverage',
      }
    })
}

function globOf(path: string): string {
  return path.endsWith('.ts') ? `src/${path}` : `src/${path}/**/*.ts`
}

/** What has tests of its own in a folder: it is tried apart. */
function apartFrom(path: string): string[] {
  return Object.keys(FOLDERS).filter((other) => other.startsWith(`${path}/`))
}

/** Stryker does not see that a new test may reach a constant of a module, so all that survived is tried again. */
function forgetSurvivors(file: URL): void {
  if (!existsSync(file)) return
  const known: { files: Record<string, { mutants: { status: string }[] }> } = JSON.parse(readFileSync(file, 'utf8'))
  for (const tried of Object.values(known.files))
    tried.mutants = tried.mutants.filter(({ status }) => status !== 'Survived' && status !== 'NoCoverage')
  writeFileSync(file, JSON.stringify(known))
}

/** Lines and columns count from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

function between(lines: readonly string[], { start, end }: { start: Position; end: Position }): string {
  const all = lines.slice(start.line - 1, end.line)
  all[all.length - 1] = all.at(-1)!.slice(0, end.column - 1)
  all[0] = all[0]!.slice(start.column - 1)
  return all.join('\n')
}

/** Those that count: not those that survive with a reason. */
function ownOf(all: readonly Outcome[]): Outcome[] {
  const explained = new Set(equivalents.map(keyOf))
  return all.filter((outcome) => !outcome.survived || !explained.has(keyOf(outcome)))
}

function killedOf(all: readonly Outcome[]): number {
  return all.filter(({ survived }) => !survived).length
}

function percentOf(all: readonly Outcome[]): number {
  const counted = ownOf(all)
  return counted.length ? (100 * killedOf(counted)) / counted.length : 100
}

function report(all: readonly Outcome[]): readonly Equivalent[] {
  const survivors = ownOf(all).filter(({ survived }) => survived)
  for (const file of new Set(survivors.map(({ file }) => file))) {
    console.log(`\n## src/${file}\n`)
    for (const survivor of survivors.filter((other) => other.file === file)) console.log(asEntry(survivor))
  }
  const surviving = new Set(all.filter(({ survived }) => survived).map(keyOf))
  const stale = equivalents.filter(
    (entry) => all.some(({ file }) => file === entry.file) && !surviving.has(keyOf(entry)),
  )
  for (const entry of stale) console.log(`\nNot a survivor any more: src/${entry.file}\n${asEntry(entry)}`)
  console.log('')
  for (const file of new Set(all.map((outcome) => outcome.file)))
    scoreOf(
      file,
      all.filter((other) => other.file === file),
    )
  for (const folder of Object.keys(FOLDERS))
    scoreOf(
      folder,
      all.filter(({ file }) => isIn(file, folder)),
    )
  scoreOf('in all', all)
  return stale
}

function scoreOf(name: string, own: readonly Outcome[]): void {
  if (own.length)
    console.log(`${percentOf(own).toFixed(1).padStart(6)} %  ${killedOf(own)} of ${ownOf(own).length}  ${name}`)
}
