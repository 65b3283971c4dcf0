import { readFileSync } from 'node:fs'

/** The repository's folder; it ends with `/`. */
export const ROOT = new URL('../../', import.meta.url).pathname
export const DOCS = `${ROOT}docs/`
/** What VitePress reads: the pages of `docs/` and those that are generated. Written anew for each build. */
export const PAGES = `${DOCS}.vitepress/pages/`
/** What it writes. */
export const DIST = `${DOCS}.vitepress/dist/`

interface Manifest {
  readonly version: string
  readonly description: string
  readonly homepage: string
  readonly repository: { readonly url: string }
  readonly exports: Readonly<Record<string, unknown>>
}

export const manifest: Manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
/** The names of the entry points that are modules, as their files in `src/` are called. */
export const ENTRIES = Object.keys(manifest.exports)
  .filter((name) => /^\.(\/[\w-]+)?$/.test(name))
  .map((name) => name.slice(2) || 'index')
/** Where the sources can be read. */
export const REPOSITORY = manifest.repository.url.replace(/^git\+|\.git$/g, '')
