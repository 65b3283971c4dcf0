import { readFileSync } from 'node:fs'

/** The README's snippet that speaks of this word. */
export function readmeSnippet(word: string): string {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const snippets = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const found = snippets.find((code) => code.includes(word))
  if (!found) throw new Error(`The README has no snippet with ${word}.`)
  return found
}
