import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readmeWithSizes } from './bench/readme-sizes.js'
import { recordedSizes } from './bench/sizes.js'

const root = new URL('../', import.meta.url).pathname
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }
const readme = readFileSync(`${root}README.md`, 'utf8')
const snippetsOf = (text: string) => [...text.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = '']) => code)
const snippets = snippetsOf(readme)
/** Of the README and of each document, by name. */
const documents = new Map([
  ['README.md', snippets],
  ...readdirSync(`${root}docs`, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => [name, snippetsOf(readFileSync(`${root}docs/${name}`, 'utf8'))] as const),
])

const WRONG = "import { createClient } from 'proofkey'\ncreateClient({ isuer: 'x' })"

/** Markup, of a `tsx` snippet. */
const isTsx = (code: string) => /^ *<\w/m.test(code)

/** What the compiler says about each snippet as a module that stands alone, with this package's sources as `proofkey`. */
function diagnose(codes: readonly string[]): string[][] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = new Map(codes.map((code, index) => [`${root}snippet-${index}.${isTsx(code) ? 'tsx' : 'ts'}`, code]))
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.readFile = (name) => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, version) => {
    const code = files.get(name)
    return code === undefined ? getSourceFile(name, version) : ts.createSourceFile(name, code, version)
  }
  const entries = Object.keys(exports)
    .filter((name) => /^\.\/[\w-]+$/.test(name))
    .map((name) => [`proofkey/${name.slice(2)}`, [`./src/${name.slice(2)}.ts`]])
  const paths = { proofkey: ['./src/index.ts'], ...Object.fromEntries(entries) }
  const program = ts.createProgram([...files.keys()], { ...options, paths, baseUrl: root, noUnusedLocals: false }, host)
  return [...files.keys()].map((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  )
}

describe('the README', () => {
  it('has snippets', () => expect(snippets.length).toBeGreaterThanOrEqual(4))

  it('has no snippet that does not compile', () => {
    const all = [...documents].flatMap(([name, codes]) =>
      codes.map((code, index) => ({ name: `${name} ${index + 1}`, code })),
    )
    const said = diagnose([...all.map(({ code }) => code), WRONG])
    expect(said.pop()).not.toEqual([])
    expect(documents.get('server-session.md')?.length).toBeGreaterThanOrEqual(2)
    const wrong = all.map(({ name }, index) => [name, said[index]]).filter(([, messages]) => messages?.length)
    expect(wrong).toEqual([])
  }, 60_000)

  it('shows a complete sign-in in under 20 lines', () => {
    expect(snippets[0]?.trim().split('\n').length).toBeLessThan(20)
  })

  it('lists every error code, and no other', () => {
    const errors = readFileSync(`${root}src/errors.ts`, 'utf8')
    const union = errors.slice(
      errors.indexOf('ErrorCode ='),
      errors.indexOf('/**\n * The OAuth error response of the authorization server'),
    )
    const codes = [...union.matchAll(/\| '(\w+)'/g)].map(([, code]) => code)
    const table = readme.slice(readme.indexOf('All error codes'), readme.indexOf('</details>'))
    const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)
    expect(listed).toEqual(codes)
  })

  it('has the sizes that are recorded: npm run sizes', () => {
    expect(readmeWithSizes(readme, recordedSizes())).toBe(readme)
  })

  it('names only commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
    for (const [, name = ''] of readme.matchAll(/npm run (\w+)/g)) expect(scripts).toHaveProperty(name)
  })
})

describe('SECURITY.md', () => {
  const security = readFileSync(`${root}SECURITY.md`, 'utf8')
  const source = (name: string) => readFileSync(`${root}src/${name}.ts`, 'utf8')
  const types = [...source('events').matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type)
  const table = security.slice(security.indexOf('## Events in your monitoring'), security.indexOf('## Supported'))
  const rows = [...table.matchAll(/^\| `(\w+)` \| (\w+), ([A-Z]{2}\.[A-Z]{2}) \| (.+) \|$/gm)]

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
    for (const name of names) expect(source('events') + source('errors')).toMatch(new RegExp(`\\b${name}\\b`))
  })
})
