import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as audit from '../src/audit.js'
import * as browser from '../src/index.js'
import * as mcp from '../src/mcp.js'
import * as native from '../src/native.js'
import * as node from '../src/node.js'
import * as protocol from '../src/protocol.js'
import * as providers from '../src/providers.js'
import * as resourceServer from '../src/resource-server.js'
import * as server from '../src/server.js'
import * as testing from '../src/testing.js'
import * as testingNode from '../src/testing-node.js'
import { bundleText } from './bench/bundle.js'
import { measureSizes, outgrown, recordedSizes, type Sizes, sizeDifferences } from './bench/sizes.js'
import { textTable } from './bench/table.js'

const root = new URL('../', import.meta.url).pathname
const {
  exports: entries,
  bin,
  version,
  main,
  types,
  typesVersions,
} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

const shipped = (names: string) => bundleText(`export { ${names} } from './dist/index.js'`)

// The built package: `npm test` builds it first.
describe('the package', () => {
  it('holds what a user needs and nothing else', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    })
    const files: string[] = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path)
    const other = files.filter(
      (path) =>
        !/^docs\/([\w-]+\/)*[\w-]+\.(md|svg|png)$|^llms\.txt$|^skills\/proofkey\/SKILL\.md$|^dist\/(chunk-\w+\.c?js|[\w-]+\.d\.c?ts|(index|protocol|server|resource-server|mcp|native|node|providers|audit|testing|testing-node)\.c?js|cli\.js|audit(-report)?\.schema\.json)$/.test(
          path,
        ),
    )
    expect(other.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'])
    const targets = (value: unknown): string[] =>
      typeof value === 'string' ? [value] : Object.values(Object(value)).flatMap(targets)
    for (const target of targets([entries, main, types, Object.values(typesVersions['*'])]))
      expect(files).toContain(target.slice(2))
  })

  it.each([
    ['.', browser],
    ['./protocol', protocol],
    ['./server', server],
    ['./resource-server', resourceServer],
    ['./mcp', mcp],
    ['./native', native],
    ['./node', node],
    ['./providers', providers],
    ['./audit', audit],
    ['./testing', testing],
    ['./testing-node', testingNode],
  ])('exports from %s what its source does, in a plain Node, as ESM and as CommonJS', (entry, source) => {
    const { default: esm, require: cjs } = entries[entry]
    const load = `Promise.all([import('${root}${esm.default}'), require('${root}${cjs.default}')])`
    const script = `${load}.then((both) => console.log(JSON.stringify(both.map((entry) => Object.keys(entry).sort()))))`
    const names = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
    const expected = Object.keys(source).sort()
    expect(names).toEqual([expected, expected])
  })

  it('has a program, which starts as it is installed, and the schemas of its files', () => {
    const cli = execFileSync(`${root}${bin.proofkey}`, ['--version'], { encoding: 'utf8' })
    expect(cli).toBe(`${version}\n`)
    for (const name of ['audit', 'audit-report'])
      expect(JSON.parse(readFileSync(`${root}${entries[`./${name}.schema.json`]}`, 'utf8'))).toHaveProperty(
        'properties',
      )
  })

  it('ships no bundle that is over 2 % larger than what is recorded: npm run sizes', async () => {
    const [recorded, measured] = [recordedSizes(), await measureSizes()]
    const grown = outgrown(recorded, measured)
    expect(grown, `\n${textTable(sizeDifferences(recorded, measured))}\n`).toEqual([])
  })

  it.each([
    ['as large as before', 10_000, []],
    ['smaller', 5000, []],
    ['2 % larger', 10_200, []],
    ['more than 2 % larger', 10_201, ['createClient']],
    ['not recorded yet', undefined, ['createClient']],
  ])('has a size check, which judges a bundle that is %s', (_, now, grown) => {
    const sizes = (gzipBytes?: number) =>
      ({ bundles: gzipBytes ? { createClient: { gzipBytes } } : {}, contestants: {} }) as unknown as Sizes
    const found = now ? outgrown(sizes(10_000), sizes(now)) : outgrown(sizes(), sizes(10_000))
    expect(found).toEqual(grown)
  })

  it('costs nothing where it is not used', async () => {
    const { text } = await shipped('isProofkeyError')
    expect(text.length).toBeLessThan(200)
    const client = await shipped('createClient')
    expect(client.text).not.toMatch(/localStorage|sessionStorage|document\.cookie|BroadcastChannel|iframe|dpop\+jwt/)
    const keeping = await shipped('createSessionClient')
    expect(keeping.text).not.toMatch(/localStorage|sessionStorage|document\.cookie|iframe|dpop\+jwt|proofkey-sessions/)
    // The same eyes see them where they are used.
    const all = await shipped('createSessionClient, sealedSessions, dpop, frame')
    expect(all.text).toMatch(/iframe/)
    expect(all.text).toMatch(/dpop\+jwt/)
    expect(all.text).toMatch(/proofkey-sessions/)
    // Of the providers, only what is imported: one that says nothing but its issuer is little text.
    expect(client.text + keeping.text).not.toMatch(/createServerClient only|microsoftonline/)
    const google = await bundleText("export { google } from './dist/providers.js'")
    expect(google.text.length).toBeLessThan(300)
    const entra = await bundleText("export { entra } from './dist/providers.js'")
    expect(entra.text).toContain('microsoftonline')
    expect(entra.text).not.toMatch(/linkedin|appleid|b2clogin|cognito/)
  })
})
