import { readFileSync, writeFileSync } from 'node:fs'
import { withLinks } from './markdown.js'
import { DOCS, manifest, ROOT } from './paths.js'
import { sidebarOf } from './sidebar.js'

/** Folders that an agent reads only when it has to. */
const OPTIONAL = ['Errors', 'Contributing']

/** The file of a page of the sidebar, from the root. */
const fileOf = (link: string) => `docs${link}${link.endsWith('/') ? 'index' : ''}.md`

/** The first sentence of a page, as plain text. */
function firstSentence(file: string): string {
  const [, paragraph = ''] = readFileSync(ROOT + file, 'utf8').split(/^# .*\n+/m)
  const text = (paragraph.split('\n\n')[0] ?? '').replace(/\s+/g, ' ').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return /^(#|\||```|<|$)/.test(text.trim())
    ? ''
    : `: ${text
        .trim()
        .replace(/(?<=[.:])\s.*$/, '')
        .replace(/[:.]$/, '.')}`
}

/** What there is to read, for coding agents: https://llmstxt.org. Its links are files of the package. */
export function llmsTxt(): string {
  const groups = sidebarOf(DOCS).map(({ text, items }) => {
    const lines = items.map((item) => `- [${item.text}](${fileOf(item.link)})${firstSentence(fileOf(item.link))}`)
    return { text, section: lines.join('\n') }
  })
  const sections = [
    ...groups.filter(({ text }) => !OPTIONAL.includes(text)).map(({ text, section }) => `## ${text}\n\n${section}`),
    `## Optional\n\n${groups
      .filter(({ text }) => OPTIONAL.includes(text))
      .map(({ section }) => section)
      .join('\n')}`,
  ]
  return `# proofkey

> ${manifest.description}

Choose the client first: skills/proofkey/SKILL.md has a table. Every code block in these pages is compiled by the tests of proofkey.

${sections.join('\n\n')}
`
}

/** All pages in one text. */
export const llmsFullTxt = (): string =>
  sidebarOf(DOCS)
    .flatMap(({ items }) => items.map(({ link }) => fileOf(link)))
    .map((file) => `<!-- ${file} -->\n\n${readFileSync(ROOT + file, 'utf8').trim()}\n`)
    .join('\n')

/** The first block of TypeScript of a page. */
function snippetOf(file: string): string {
  const [snippet] = /^```tsx?\n.*?^```$/ms.exec(readFileSync(ROOT + file, 'utf8')) ?? []
  if (!snippet) throw new Error(`${file} has no snippet.`)
  return snippet
}

/** The first table below a heading, with links from the skill's folder. */
function tableOf(file: string, heading: string): string {
  const [, section = ''] = readFileSync(ROOT + file, 'utf8').split(`## ${heading}\n`)
  const [table] = /^\|.*\|$(?:\n\|.*\|$)*/m.exec(section) ?? []
  if (!table) throw new Error(`${file} has no table below ${heading}.`)
  return withLinks(table, (target) => (/^\w+:/.test(target) ? target : `../../${target}`))
}

/** The rows of these codes in the table of all errors. */
function errorsTable(codes: readonly string[]): string {
  const index = readFileSync(`${DOCS}errors/index.md`, 'utf8')
  const rows = codes.map((code) => {
    const [row] = new RegExp(`^\\| \\[\`${code}\`\\].*$`, 'm').exec(index) ?? []
    if (!row) throw new Error(`docs/errors/index.md has no row of ${code}.`)
    return withLinks(row, (target) => `../../docs/errors/${target}`)
  })
  return ['| code | what happened |', '| --- | --- |', ...rows].join('\n')
}

const MARK = /(<!-- (snippet|table|errors): ([^\n]*?) -->\n).*?(?=<!-- \/ -->)/gs

/** The skill with its parts as the documentation has them today: what stands between `<!-- kind: source -->` and `<!-- / -->`. */
export const withParts = (skill: string): string =>
  skill.replace(MARK, (_, mark: string, kind: string, source: string) => {
    const [file = '', heading = ''] = source.split(' # ')
    const part =
      kind === 'snippet' ? snippetOf(file) : kind === 'table' ? tableOf(file, heading) : errorsTable(source.split(' '))
    return `${mark}${part}\n`
  })

export const SKILL = `${ROOT}skills/proofkey/SKILL.md`
export const LLMS = `${ROOT}llms.txt`

/** `npm run docs:agents` writes both. */
if (process.argv[1] === import.meta.filename) {
  writeFileSync(SKILL, withParts(readFileSync(SKILL, 'utf8')))
  writeFileSync(LLMS, llmsTxt())
}
