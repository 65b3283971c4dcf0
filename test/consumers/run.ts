/** Tries the packed file as others use it: Jest in its default configuration, bundlers, and TypeScript from 5.4 to the newest. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { textTable } from '../bench/table.js'
import { installPacked } from '../helpers/packed.js'
import { startAuthority } from '../runtimes/authority.js'

const TYPESCRIPT = ['5.4', '5.7', '5.9', '6', '7']
/** A setting of `module`, and the `moduleResolution` that is not its own. */
const MODULES = [
  ['commonjs', undefined],
  ['commonjs', 'bundler'],
  ['node16', undefined],
  ['nodenext', undefined],
  ['esnext', 'bundler'],
] as const

const MAX_MS = 120_000
const folder = installPacked('consumers', {
  ...{ jest29: 'npm:jest@^29.7.0', jest30: 'npm:jest@^30.2.0', undici: '^7.30.2' },
  ...Object.fromEntries(TYPESCRIPT.map((version) => [`typescript-${version}`, `npm:typescript@${version}`])),
  '@types/node': '^20.19.0',
})
const execute = promisify(execFile)
const results: { name: string; error?: string }[] = []

async function attempt(name: string, work: () => Promise<unknown>): Promise<void> {
  const error = await work().then(
    () => undefined,
    (error) => `${error.stdout ?? ''}${error.stderr ?? ''}` || `${error.stack}`,
  )
  results.push({ name, ...(error && { error }) })
}

const app = join(folder, 'app')
mkdirSync(app, { recursive: true })
cpSync(new URL('app/', import.meta.url).pathname, app, { recursive: true })

await attempt('Node: require() and import load one copy', () =>
  execute(process.execPath, ['one-copy.mjs'], { cwd: app, timeout: MAX_MS }),
)
await attempt('esbuild: require() and import load one copy', async () => {
  const both =
    "import { ProofkeyError } from 'proofkey'; export const one = ProofkeyError === require('proofkey/server').ProofkeyError"
  for (const platform of ['browser', 'node'] as const) {
    const stdin = { contents: both, resolveDir: app }
    const { metafile } = await build({ stdin, platform, bundle: true, format: 'esm', write: false, metafile: true })
    const cjs = Object.keys(metafile.inputs).filter((input) => input.endsWith('.cjs'))
    if (cjs.length) throw new Error(`${platform}: ${cjs}`)
  }
})

const authority = await startAuthority()
try {
  for (const jest of ['jest29', 'jest30']) {
    const env = { ...process.env, SETUP: JSON.stringify(authority.setup), NODE_OPTIONS: '' }
    // An empty package.json is the default configuration, with the root of the tests.
    writeFileSync(join(app, 'package.json'), '{}')
    await attempt(`${jest}, default configuration`, () =>
      execute(process.execPath, [join(folder, 'node_modules', jest, 'bin/jest.js')], {
        cwd: app,
        env,
        timeout: MAX_MS,
      }),
    )
  }
} finally {
  await authority.close()
}

/** Compiles with the declarations of the dependencies checked too. */
function compile(version: string, file: string, name: string, options: object): Promise<void> {
  const config = join(app, 'tsconfig.json')
  const settings = { target: 'ES2022', strict: true, skipLibCheck: false, noEmit: true, ...options }
  return attempt(`TypeScript ${version}, ${name}`, () => {
    writeFileSync(config, JSON.stringify({ compilerOptions: settings, files: [file] }))
    const tsc = join(folder, 'node_modules', `typescript-${version}`, 'bin/tsc')
    return execute(process.execPath, [tsc, '-p', config], { cwd: app, timeout: MAX_MS })
  })
}

for (const version of TYPESCRIPT) {
  for (const [module, moduleResolution] of MODULES) {
    // Before TypeScript 6, this pair is not allowed.
    if (module === 'commonjs' && moduleResolution && Number(version) < 6) continue
    const name = `${module}${moduleResolution ? ` (${moduleResolution})` : ''}`
    const kind = { module, ...(moduleResolution && { moduleResolution }) }
    await compile(version, 'server-types.ts', `${name}, without DOM`, { ...kind, lib: ['ES2023'], types: ['node'] })
    await compile(version, 'browser-types.ts', `${name}, browser`, {
      ...kind,
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      types: [],
    })
  }
}
// Each in a folder of its own: two versions of these types do not go together.
for (const types of ['@types/node', '@types/bun']) {
  const own = installPacked(`consumers-${types.slice('@types/'.length)}`, { [types]: 'latest' })
  cpSync(join(app, 'server-types.ts'), join(own, 'server-types.ts'))
  await compile('5.9', join(own, 'server-types.ts'), `the newest ${types}, without DOM`, {
    ...{ module: 'nodenext', lib: ['ES2023', 'ESNext.Disposable'], types: [types.slice('@types/'.length)] },
    typeRoots: [join(own, 'node_modules/@types')],
  })
}

console.log(textTable([['', ''], ...results.map(({ name, error }) => [name, error ? 'FAILS' : 'yes'])]))
const failures = results.filter(({ error }) => error)
for (const { name, error } of failures) console.error(`\n${name}: ${error}`)
process.exit(failures.length ? 1 : 0)
