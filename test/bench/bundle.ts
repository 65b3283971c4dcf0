import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { CONTESTANTS, type ContestantName, NAMES } from './contestants/index.js'

export interface Bundle {
  readonly text: string
  readonly minifiedBytes: number
  readonly gzipBytes: number
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An entry point's source stands for what is built of it: what is measured is what is shipped. */
const asBuilt: Plugin = {
  name: 'as built',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/src\/(index|protocol|server|native|node|mcp)\.js$/ }, ({ path }) => ({
      path: join(root, path.replace(/.*\/src\//, 'dist/')),
      sideEffects: false,
    })),
}

async function bundle(options: BuildOptions): Promise<Bundle> {
  const { outputFiles } = await build({
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    absWorkingDir: root,
    plugins: [asBuilt],
    ...options,
  })
  const { text, contents } = outputFiles![0]!
  return { text, minifiedBytes: contents.byteLength, gzipBytes: gzipSync(contents, { level: 9 }).byteLength }
}

export const bundleFile = (path: string): Promise<Bundle> => bundle({ entryPoints: [path] })

export async function bundleContestants(): Promise<Record<ContestantName, Bundle>> {
  const bundles = NAMES.map(async (name) => [name, await bundleFile(CONTESTANTS[name].source)])
  return Object.fromEntries(await Promise.all(bundles)) as Record<ContestantName, Bundle>
}

/** The libraries that were bundled, each with the version installed. */
export async function libraryVersions(): Promise<string> {
  const libraries = ['oauth4webapi', 'oidc-client-ts', 'keycloak-js'].map(async (name) => {
    const manifest = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')
    return `${name} ${JSON.parse(manifest).version}`
  })
  return (await Promise.all(libraries)).join(', ')
}

/** The bundle of a module given by its text, in the root of the repository. */
export const bundleText = (contents: string, options: BuildOptions = {}): Promise<Bundle> =>
  bundle({ stdin: { contents, resolveDir: root }, ...options })
