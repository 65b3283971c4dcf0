/** Tries the packed file in each runtime against a real authorization server. `npm run test:runtimes -- Bun` tries one. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { textTable } from '../bench/table.js'
import { installPacked } from '../helpers/packed.js'
import { startWorkerd } from '../helpers/workerd.js'
import { startAuthority } from './authority.js'

interface Result {
  readonly name: string
  readonly error?: string
}
interface Runtime {
  readonly name: string
  /** Which version it is, and what it finds. */
  run(setup: object): Promise<readonly [version: string, results: readonly Result[]]>
}

const MAX_MS = 120_000
const { platform, arch } = process
/** Binaries of Node by platform; the package `node` would fetch them with a script of installation. */
const node = (version: string) => `npm:node-${platform === 'win32' ? 'win' : platform}-${arch}@${version}`
const folder = installPacked('runtimes', {
  ...{
    'node-20': node('20.19.0'),
    'node-22': node('^22.12.0'),
    'node-24': node('^24.0.0'),
    'node-newest': node('latest'),
  },
  ...{ bun: '^1.4.0', deno: '^2.9.0', redis: '^6.3.1', undici: '^7.30.2' },
})
cpSync(new URL('subject/', import.meta.url).pathname, join(folder, 'subject'), { recursive: true })
const program = (path: string) => join(folder, 'node_modules', path)
const execute = promisify(execFile)

const process_ = (name: string, command: string, args: readonly string[] = []): Runtime => ({
  name,
  async run(setup) {
    const { stdout: version } = await execute(command, ['--version'])
    const env = { ...process.env, SETUP: JSON.stringify(setup), NODE_NO_WARNINGS: '1' }
    const given = [...args, 'subject/main.mjs']
    const { stdout } = await execute(command, given, { cwd: folder, env, timeout: MAX_MS })
    return [version.trim().split('\n')[0]!, JSON.parse(stdout.trim().split('\n').at(-1)!)]
  },
})

const workerd: Runtime = {
  name: 'workerd',
  async run(setup) {
    const running = await startWorkerd(pathToFileURL(join(folder, 'subject/worker.mjs')), setup, true)
    try {
      const response = await fetch(`http://127.0.0.1:${running.port}/`, { signal: AbortSignal.timeout(MAX_MS) })
      if (!response.ok) throw new Error(`${await response.text()}\n${running.output()}`)
      return ['', (await response.json()) as Result[]]
    } finally {
      await running.close()
    }
  },
}

const binary = (name: string) =>
  [program(`${name}/bin/node`), program(`${name}/bin/node.exe`)].find((path) => existsSync(path)) ?? name
const runtimes: readonly Runtime[] = [
  process_('Node 20', binary('node-20')),
  process_('Node 22', binary('node-22')),
  process_('Node 24', binary('node-24')),
  process_('Node newest', binary('node-newest')),
  process_('Bun', program('.bin/bun'), ['run']),
  process_('Deno', program('.bin/deno'), ['run', '--allow-all', '--node-modules-dir=manual']),
  workerd,
]

const wanted = process.argv.slice(2)
const authority = await startAuthority()
const columns: { name: string; results: readonly Result[] }[] = []
try {
  for (const { name, run } of runtimes) {
    if (wanted.length && !wanted.includes(name)) continue
    const [version, results] = await run(authority.setup).catch((error): readonly [string, Result[]] => [
      '',
      [{ name: 'starts', error: `${error.stderr ?? ''}${error.stack}` }],
    ])
    columns.push({ name: `${name} ${/[\d.]+/.exec(version)?.[0] ?? ''}`.trim(), results })
  }
} finally {
  await authority.close()
}

const names = [...new Set(columns.flatMap(({ results }) => results.map(({ name }) => name)))]
const cell = (results: readonly Result[], name: string) => {
  const same = results.filter((result) => result.name === name)
  return same.some(({ error }) => error) ? 'FAILS' : same.length ? 'yes' : '–'
}
const rows = names.map((name) => [name, ...columns.map(({ results }) => cell(results, name))])
console.log(textTable([['', ...columns.map(({ name }) => name)], ...rows]))
const failures = columns.flatMap(({ name, results }) =>
  results.flatMap((result) => (result.error ? [`${name}, ${result.name}: ${result.error}`] : [])),
)
for (const failure of failures) console.error(`\n${failure}`)
process.exit(failures.length ? 1 : 0)
