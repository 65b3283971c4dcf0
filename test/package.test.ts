import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as browser from '../src/index.js'
import * as native from '../src/native.js'
import * as node from '../src/node.js'
import * as protocol from '../src/protocol.js'
import * as server from '../src/server.js'

const root = new URL('../', import.meta.url).pathname
const { exports: entries } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** Bytes of what an app that imports these names ships: minified by esbuild, gzip -9. */
async function shipped(names: string, entry: string): Promise<{ gzip: number; text: string }> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from '${entry}'`, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const text = outputFiles[0]?.text ?? ''
  return { text, gzip: gzipSync(text, { level: 9 }).length }
}

// The built package: `npm test` builds it first.
describe('the package', () => {
  it('holds what a user needs and nothing else', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    })
    const files: string[] = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path)
    const other = files.filter(
      (path) => !/^dist\/(chunk-\w+\.js|[\w-]+\.d\.ts|(index|protocol|server|native|node)\.js)$/.test(path),
    )
    expect(other.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'])
    for (const { types, default: code } of Object.values<{ types?: string; default?: string }>(entries)) {
      if (types) expect(files).toContain(types.slice(2))
      if (code) expect(files).toContain(code.slice(2))
    }
  })

  it.each([
    ['.', browser],
    ['./protocol', protocol],
    ['./server', server],
    ['./native', native],
    ['./node', node],
  ])('exports from %s what its source does, in a plain Node', (entry, source) => {
    const script = `import('${root}${entries[entry].default}').then((entry) => console.log(JSON.stringify(Object.keys(entry).sort())))`
    const names = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
    expect(names).toEqual(Object.keys(source).sort())
  })

  it('stays under its ceilings: bytes, minified and gzip -9', async () => {
    const client = await shipped('createClient', './dist/index.js')
    const steps = await shipped('beginAuthorization, completeAuthorization', './dist/protocol.js')
    expect(client.gzip).toBeLessThanOrEqual(13_100)
    expect(steps.gzip).toBeLessThanOrEqual(8_060)
  })

  it('costs nothing where it is not used', async () => {
    const { text } = await shipped('isProofkeyError', './dist/index.js')
    expect(text.length).toBeLessThan(200)
    const client = await shipped('createClient', './dist/index.js')
    expect(client.text).not.toMatch(/localStorage|sessionStorage|document\.cookie|BroadcastChannel|iframe/)
    const checked = await shipped('createClient, checkIdTokenSignature', './dist/index.js')
    expect(checked.gzip).toBeGreaterThan(client.gzip + 500)
  })
})
