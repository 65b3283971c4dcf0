import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = new URL('../', import.meta.url).pathname
const readme = readFileSync(`${root}README.md`, 'utf8')
const snippets = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)

/** What the compiler says about a snippet that stands alone, with this package's sources as `proofkey`. */
function diagnose(code: string): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const file = `${root}snippet.ts`
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? code : readFile(name))
  host.getSourceFile = (name, version) =>
    name === file ? ts.createSourceFile(name, code, version) : getSourceFile(name, version)
  const entries = ['protocol', 'server', 'native', 'node'].map((name) => [`proofkey/${name}`, [`./src/${name}.ts`]])
  const paths = { proofkey: ['./src/index.ts'], ...Object.fromEntries(entries) }
  const program = ts.createProgram([file], { ...options, paths, baseUrl: root, noUnusedLocals: false }, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('the README', () => {
  it('has snippets', () => expect(snippets.length).toBeGreaterThanOrEqual(4))

  it.each(snippets.map((code, index) => [index + 1, code] as const))(
    'compiles snippet %i',
    (_, code) => {
      expect(diagnose(code)).toEqual([])
    },
    30_000,
  )

  it('would not compile a wrong one', () => {
    expect(diagnose("import { createClient } from 'proofkey'\ncreateClient({ isuer: 'x' })")).not.toEqual([])
  }, 30_000)

  it('shows a complete sign-in in under 20 lines', () => {
    expect(snippets[0]?.trim().split('\n').length).toBeLessThan(20)
  })

  it('lists every error code, and no other', () => {
    const errors = readFileSync(`${root}src/errors.ts`, 'utf8')
    const union = errors.slice(errors.indexOf('ErrorCode ='), errors.indexOf('/** What the authorization server said'))
    const codes = [...union.matchAll(/\| '(\w+)'/g)].map(([, code]) => code)
    const table = readme.slice(readme.indexOf('All error codes'), readme.indexOf('</details>'))
    const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)
    expect(listed).toEqual(codes)
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
