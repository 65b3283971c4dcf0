import { readdirSync, readFileSync } from 'node:fs'

const root = `${import.meta.dirname}/../../`

/** The README, and each page of `docs/`, by its path from the root. */
export const documentNames: readonly string[] = [
  'README.md',
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/(^|\/)(node_modules|\.vitepress|public)\//.test(name))
    .map((name) => `docs/${name}`)
    .sort(),
]

/** @param name from the root */
export const documentText = (name: string): string => readFileSync(`${root}${name}`, 'utf8')

export interface Snippet {
  readonly language: 'ts' | 'tsx'
  readonly code: string
}

/** The blocks of TypeScript in a text. */
export const snippetsOf = (text: string): Snippet[] =>
  [...text.matchAll(/^```(tsx?)\n(.*?)^```$/gms)].map(([, language, code = '']) => ({
    language: language as Snippet['language'],
    code,
  }))

/** The first snippet of a page of `docs/guide/` that has this text. */
export function guideSnippet(page: string, text: string): string {
  const found = snippetsOf(documentText(`docs/guide/${page}.md`))
    .map(({ code }) => code)
    .find((code) => code.includes(text))
  if (!found) throw new Error(`docs/guide/${page}.md has no snippet with ${text}.`)
  return found
}
