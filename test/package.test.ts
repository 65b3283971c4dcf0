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

/** Bytes of what an app ships that is this text: minified by esbuild, gzip -9. */
async function bundled(contents: string): Promise<{ gzip: number; text: string }> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const text = outputFiles[0]?.text ?? ''
  return { text, gzip: gzipSync(text, { level: 9 }).length }
}

const shipped = (names: string) => bundled(`export { ${names} } from './dist/index.js'`)

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

  /** What an app ships, in bytes; and what a part adds to it where it is used. */
  const client = "export { createClient } from './dist/index.js'"
  const session = "export { createSessionClient, sealedSessions } from './dist/index.js'"
  it.each([
    [
      'beginAuthorization and completeAuthorization',
      9_300,
      '',
      "export { beginAuthorization, completeAuthorization } from './dist/protocol.js'",
    ],
    ['createClient', 14_700, '', client],
    ['createSessionClient with sealedSessions', 20_500, '', session],
    ['popup', 1030, client, "export { popup } from './dist/index.js'"],
    ['frame', 1000, client, "export { frame } from './dist/index.js'"],
    ['deepLink', 800, client, "export { deepLink } from './dist/native.js'"],
    ['dpop', 2600, session, "export { dpop } from './dist/index.js'"],
    ['stepUp', 500, session, "export { stepUp } from './dist/index.js'"],
  ])('%s stays under %i bytes, minified and gzip -9', async (_, ceiling, base, names) => {
    const bytes = (await bundled(`${base}; ${names}`)).gzip - (base ? (await bundled(base)).gzip : 0)
    expect(bytes).toBeLessThanOrEqual(ceiling)
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
    const checked = await shipped('createClient, checkIdTokenSignature')
    expect(checked.gzip).toBeGreaterThan(client.gzip + 500)
  })
})
