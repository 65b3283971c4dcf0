import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import ts from 'typescript'
import { DIST, DOCS, manifest, ROOT } from './paths.js'
import { writtenPages } from './write-pages.js'

/** All error codes, in their order: the members of the type `ErrorCode`. */
export function errorCodes(): string[] {
  const source = ts.createSourceFile('errors.ts', readFileSync(`${ROOT}src/errors.ts`, 'utf8'), ts.ScriptTarget.Latest)
  const union = source.statements.find((node) => ts.isTypeAliasDeclaration(node) && node.name.text === 'ErrorCode')
  if (!union || !ts.isTypeAliasDeclaration(union) || !ts.isUnionTypeNode(union.type))
    throw new Error('src/errors.ts has no union ErrorCode.')
  return union.type.types.flatMap((type) =>
    ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [],
  )
}

const redirectPage = (code: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${code}</title>
<link rel="canonical" href="${manifest.homepage}/errors/${code}">
<meta http-equiv="refresh" content="0; url=/errors/${code}">
<p><a href="/errors/${code}">The error <code>${code}</code></a></p>
</html>
`

/**
 * Writes `/e/<code>`, the short address in the hints, for every code, and each page once more as the Markdown that it is made
 * from, for agents.
 */
export function writeRedirects(): void {
  mkdirSync(`${DIST}e`, { recursive: true })
  for (const code of errorCodes()) writeFileSync(`${DIST}e/${code}.html`, redirectPage(code))
  for (const page of writtenPages()) {
    mkdirSync(dirname(DIST + page), { recursive: true })
    copyFileSync(DOCS + page, DIST + page)
  }
}
