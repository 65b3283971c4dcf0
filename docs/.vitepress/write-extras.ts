import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { llmsFullTxt, llmsTxt } from './agents.js'
import { DIST, DOCS, manifest } from './paths.js'
import { writtenPages } from './write-pages.js'

const redirectPage = (code: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${code}</title>
<link rel="canonical" href="${manifest.homepage}/errors/${code}">
<meta http-equiv="refresh" content="0; url=/errors/${code}">
<p><a href="/errors/${code}">The error <code>${code}</code></a></p>
</html>
`

/**
 * Writes what VitePress does not: `/e/<code>`, the short address that consoles print, for each page of `errors/`; and for agents
 * `llms.txt`, `llms-full.txt`, and each page as the Markdown that it is made from.
 */
export function writeExtras(): void {
  mkdirSync(`${DIST}e`, { recursive: true })
  for (const name of readdirSync(`${DOCS}errors`).filter((name) => name !== 'index.md')) {
    const code = name.replace('.md', '')
    writeFileSync(`${DIST}e/${code}.html`, redirectPage(code))
  }
  for (const page of writtenPages()) {
    mkdirSync(dirname(DIST + page), { recursive: true })
    copyFileSync(DOCS + page, DIST + page)
  }
  writeFileSync(`${DIST}llms.txt`, llmsTxt().replaceAll('](docs/', `](${manifest.homepage}/`))
  writeFileSync(`${DIST}llms-full.txt`, llmsFullTxt())
}
