import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REPOSITORY } from '../docs/.vitepress/paths.js'
import { readmeWithSizes } from './bench/readme-sizes.js'
import { recordedSizes } from './bench/sizes.js'
import { messagesOfSnippets } from './helpers/compile-snippets.js'
import { documentNames, documentText, snippetsOf } from './helpers/documents.js'

const root = new URL('../', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  files: string[]
  scripts: Record<string, string>
}
const readme = documentText('README.md')

/** Compiles if the guide names every option. `profile` is of `fapi2()`, and `backend` of another client. */
const OPTIONS = `import type { SessionClientConfig, SignInOptions } from 'proofkey'
type Named = ${[...documentText('docs/guide/options.md').matchAll(/`(\w+)`/g)].map(([, name]) => `'${name}'`).join(' | ')}
declare const missing: Exclude<keyof SessionClientConfig | keyof SignInOptions, Named | 'profile' | 'backend'>
export const none: never = missing`

const WRONG = "import { createClient } from 'proofkey'\ncreateClient({ isuer: 'x' })"

describe('the documents', () => {
  it('have no snippet that does not compile', () => {
    const all = documentNames.flatMap((name) =>
      snippetsOf(documentText(name)).map((snippet, index) => ({ name: `${name} ${index + 1}`, snippet })),
    )
    expect(all.length).toBeGreaterThan(40)
    all.push({ name: 'the list of options', snippet: { language: 'ts', code: OPTIONS } })
    const said = messagesOfSnippets([...all.map(({ snippet }) => snippet), { language: 'ts', code: WRONG }])
    expect(said.pop()).not.toEqual([])
    const wrong = all.map(({ name }, index) => [name, said[index]]).filter(([, messages]) => messages?.length)
    expect(wrong).toEqual([])
  }, 60_000)

  it('name only commands that exist', () => {
    for (const name of [...documentNames, 'CONTRIBUTING.md'])
      for (const [, command = ''] of documentText(name).matchAll(/npm run ([\w:-]*\w)(?![\w:-])/g))
        expect(Object.keys(manifest.scripts), name).toContain(command)
  })

  it('link to headings and files that there are, and that the package has', () => {
    const packed = ['README.md', 'LICENSE', ...manifest.files.map((path) => path.split('/')[0])]
    for (const name of [...documentNames, 'SECURITY.md', 'CHANGELOG.md'])
      for (const target of linksOf(documentText(name))) {
        const [path = '', anchor] = target.split('#')
        const file = path ? posix.join(posix.dirname(name), path) : name
        expect(packed, `${name}: ${target}`).toContain(file.split('/')[0])
        expect(existsSync(`${root}${file}`), `${name}: ${target}`).toBe(true)
        if (anchor) expect(anchorsOf(documentText(file)), `${name}: ${target}`).toContain(anchor)
      }
  })

  it('send reports of vulnerabilities to the repository, in private', () => {
    for (const name of ['SECURITY.md', '.github/ISSUE_TEMPLATE/config.yml'])
      expect(documentText(name), name).toContain(`${REPOSITORY}/security/advisories/new`)
  })

  it('of the guides begin with a whole snippet, and say what to register', () => {
    for (const name of documentNames.filter((name) => name.startsWith('docs/guide/') && !FACTS.includes(name))) {
      const text = documentText(name)
      expect(text.indexOf('```') < (text.indexOf('\n## ') + 1 || Number.POSITIVE_INFINITY), name).toBe(true)
      expect(text, name).toMatch(/^## Register at the provider$|registered at the provider/m)
    }
  })
})

/** Guides that are about no app. */
const FACTS = ['security-model', 'session', 'examples'].map((page) => `docs/guide/${page}.md`)

/** The relative links and pictures of a text. */
const linksOf = (text: string) =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target))

/** As code hosts and the site make them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  )

describe('the README', () => {
  it('can be read in a few minutes', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(251)
  })

  it('shows a complete sign-in in under 20 lines', () => {
    expect(snippetsOf(readme)[0]?.code.trim().split('\n').length).toBeLessThan(20)
  })

  it('has the sizes that are recorded: npm run sizes', () => {
    expect(readmeWithSizes(readme, recordedSizes())).toBe(readme)
  })
})

describe('the guide to events', () => {
  const source = (name: string) => readFileSync(`${root}src/${name}.ts`, 'utf8')
  const types = [...source('events').matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type)
  const rows = [
    ...documentText('docs/guide/events.md').matchAll(/^\| `(\w+)` \| (\w+), ([A-Z]{2}\.[A-Z]{2}) \| (.+) \|$/gm),
  ]

  it('maps every event type, and no other', () => {
    expect(types.length).toBeGreaterThan(20)
    expect(rows.map(([, type]) => type).sort()).toEqual([...types].sort())
  })

  it('names the functions of the framework by their own letters, in their order, and all of them', () => {
    const functions = { Govern: 'GV', Identify: 'ID', Protect: 'PR', Detect: 'DE', Respond: 'RS', Recover: 'RC' }
    for (const [, , name = '', category] of rows)
      expect(Object.entries(functions)).toContainEqual([name, category?.slice(0, 2)])
    expect([...new Set(rows.map(([, , name]) => name))]).toEqual(Object.keys(functions))
  })

  it('names only codes, reasons and fields that there are', () => {
    const names = rows.flatMap(([, , , , alert = '']) => [...alert.matchAll(/`(\w+)`/g)].map(([, name]) => name))
    expect(names.length).toBeGreaterThan(10)
    for (const name of names)
      expect(source('events') + source('errors/error-code')).toMatch(new RegExp(`\\b${name}\\b`))
  })
})
