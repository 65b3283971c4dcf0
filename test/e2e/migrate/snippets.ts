import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const root = new URL('../../../', import.meta.url).pathname

export type Part = 'Before' | 'After' | 'Clean-up'

/** The snippet of a page of docs/migrate, under the heading of this name. */
export function snippetOf(page: string, part: Part): string {
  const text = readFileSync(`${root}docs/migrate/${page}.md`, 'utf8')
  const section = text.split(/^## /m).find((one) => one.startsWith(part)) ?? ''
  const code = /^```tsx?\n(.*?)^```$/ms.exec(section)?.[1]
  if (!code) throw new Error(`docs/migrate/${page}.md has no snippet under "${part}".`)
  return code
}

/** A module beside this one, as text: this package says that its modules have no effects, so importing one is nothing. */
export const fileOf = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

/** As a script for a page, with this package's sources as `proofkey`. */
export async function bundled(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: new URL('.', import.meta.url).pathname, loader: 'tsx' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { proofkey: `${root}src/index.ts`, 'proofkey/providers': `${root}src/providers.ts` },
  })
  return outputFiles[0]!.text
}
