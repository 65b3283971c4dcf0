/** Makes the CommonJS files beside the ESM ones: `dist/*.cjs`, and `dist/*.d.cts` from the declarations of tsup. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build, transform } from 'esbuild'
import { libraries } from './tsup.config.js'

const dist = new URL('dist/', import.meta.url)
/** With the names that the files of the package have in CommonJS. */
const renamed = (text: string) => text.replace(/(?<=["']\.\/[\w-]+)\.js(?=["'])/g, '.cjs')

// esbuild has no chunks in CommonJS. Without them, each entry would have its own `ProofkeyError` and module state.
const { outputFiles } = await build({
  entryPoints: libraries,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  outdir: 'dist',
  write: false,
  // The two dependencies are bundled: they are ESM, which older consumers of CommonJS cannot load.
  external: ['undici', 'playwright-core'],
})
for (const { path, text } of outputFiles) {
  const { code } = await transform(renamed(text), {
    format: 'cjs',
    platform: 'node',
    target: 'es2022',
    // Jest runs no `import()` in its default configuration.
    supported: { 'dynamic-import': false },
  })
  writeFileSync(new URL(basename(path).replace(/js$/, 'cjs'), dist), code)
}

for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
  const text = readFileSync(new URL(name, dist), 'utf8')
  writeFileSync(new URL(name.replace(/ts$/, 'cts'), dist), renamed(text))
}
