import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A page and its script. */
export interface PageFiles {
  readonly html: string
  readonly script: string
}

/**
 * `src/index.html` and `src/main.ts` of an example, bundled once, served from memory.
 * @param base the module beside `src`
 * @param define what the bundler writes in
 */
export async function bundlePage(base: string, define: Record<string, string> = {}): Promise<PageFiles> {
  const file = (name: string) => fileURLToPath(new URL(`./src/${name}`, base))
  const { outputFiles } = await build({
    entryPoints: [file('main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    define,
  })
  return { html: await readFile(file('index.html'), 'utf8'), script: outputFiles[0]!.text }
}
