import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { type BuildOptions, build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { importsOf, layerViolations, statementsBesidesReexports } from './helpers/layers.js'

const require = createRequire(import.meta.url)
const SRC = fileURLToPath(new URL('../src/', import.meta.url))
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ file: path.replaceAll('\\', '/'), text: readFileSync(join(SRC, path), 'utf8') }))
// cli.ts is the program: nobody imports it.
const entries = sources.filter(({ file }) => !/\/|^(errors|events|limits|cli)\.ts$/.test(file))

describe('the imports of src/', () => {
  it('are read', () => {
    expect(sources.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['index.ts', 'protocol.ts', 'errors.ts', 'events.ts', 'vault/indexeddb.ts']),
    )
    expect(sources.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(sources.length)
  })

  it.each(sources.map(({ file, text }) => [file, text]))('run down only: %s', (file, text) => {
    expect(layerViolations(file, text)).toEqual([])
  })

  it.each(['errors.ts', 'events.ts', 'limits.ts'])('are none of others in %s', (name) => {
    const imported = importsOf(sources.find(({ file }) => file === name)!.text)
    expect(imported.filter((specifier) => !specifier.startsWith('./errors/'))).toEqual([])
    if (name !== 'errors.ts') expect(imported).toEqual([])
  })

  it('name each package at its one place', () => {
    const importers = (name: string) =>
      sources.filter(({ text }) => importsOf(text).includes(name)).map(({ file }) => file)
    expect(importers('idb-keyval')).toEqual(['vault/database.ts'])
    expect(importers('oauth4webapi').length).toBeGreaterThan(0)
    expect(importers('oauth4webapi').filter((file) => !file.startsWith('protocol/'))).toEqual([])
  })
})

describe('the check of the imports', () => {
  const from = (specifier: string) => `import { x } from '${specifier}'\n`

  it.each([
    ['up', 'protocol/authorize/begin.ts', from('../../client/client-config.js')],
    ['up to the entry', 'client/client-config.ts', from('../index.js')],
    ['up from the ground floor', 'errors.ts', from('./crypto/random.js')],
    ['up from crypto', 'crypto/seal.ts', from('../vault/vault.js')],
    ['up from the limits', 'limits.ts', from('./vault/cookie.js')],
    ['sideways: errors and events', 'events.ts', from('./errors.js')],
    ['sideways: protocol and vault', 'protocol/token/complete.ts', from('../../vault/memory.js')],
    ['sideways: vault and protocol', 'vault/indexeddb.ts', from('../protocol/client-key.js')],
    ['up from the vault', 'vault/memory.ts', from('../user-agents/popup.js')],
    ['sideways: client and server', 'server/create.ts', from('../client/client-config.js')],
    ['up from the session', 'session/token-source.ts', from('../client/create-client.js')],
    ['up from the flow', 'flow/flow.ts', from('../session/session-keeper.js')],
    ['up from the edge', 'server/edge/cookies.ts', from('../../server.js')],
    ['sideways: two entry points', 'index.ts', from('./protocol.js')],
    ['a roundabout way up', 'protocol/authorize/begin.ts', from('../../protocol/../client/client-config.js')],
    ['out of src/', 'client/client-config.ts', from('../../test/helpers/person.js')],
    ['a folder with no place', 'client/client-config.ts', from('../utils/misc.js')],
    ['from a folder with no place', 'utils/misc.ts', from('../errors.js')],
    ['oauth4webapi above the protocol', 'client/client-config.ts', from('oauth4webapi')],
    ['idb-keyval in another vault', 'vault/memory.ts', from('idb-keyval')],
    ['a package that nobody depends on', 'protocol/authorize/begin.ts', from('jose')],
    ['a part of a package', 'vault/database.ts', from('idb-keyval/compat')],
    ['Node in the browser', 'crypto/random.ts', from('node:crypto')],
    ['Node without its prefix', 'crypto/random.ts', from('crypto')],
    ['a type', 'vault/vault.ts', `import type { Transaction } from '../protocol/authorize/transaction.js'`],
    ['a type in place', 'vault/vault.ts', `export type X = import('../protocol/authorize/transaction.js').Transaction`],
    ['an import for its effects', 'vault/vault.ts', `import '../client/client-config.js'`],
    ['a re-export', 'vault/vault.ts', `export * from '../client/client-config.js'`],
    ['a later import', 'vault/vault.ts', `export const later = () => import('../client/client-config.js')`],
  ])('catches %s', (_, file, text) => {
    expect(layerViolations(file, text)).toHaveLength(1)
  })

  it.each([
    ['the entry', 'index.ts', from('./client/create-client.js') + from('./vault/memory.js') + from('./errors.js')],
    ['another entry', 'server.ts', from('./server/create.js') + from('./crypto/seal.js')],
    [
      'the client',
      'client/client-config.ts',
      from('../user-agents/redirect.js') + from('../protocol/authorize/begin.js'),
    ],
    ['a neighbour in the folder', 'protocol/authorize/begin.ts', from('./endpoint.js') + from('../crypto/random.js')],
    ['another step', 'protocol/authorize/begin.ts', from('../discovery/endpoint.js')],
    ['the server on the session', 'server/edge/body.ts', from('../../session/stored-session.js')],
    ['a package in its place', 'protocol/authorize/begin.ts', from('oauth4webapi')],
    ['a package in its file', 'vault/database.ts', from('idb-keyval') + from('../crypto/seal.js')],
    ['the user agents on the vault', 'user-agents/popup.ts', from('../vault/page-memory.js')],
    ['Node where Node is', 'node.ts', from('node:http')],
    ['Node at the loopback', 'user-agents/loopback.ts', from('node:http')],
    ['Node at the adapter', 'server/edge/node-request.ts', from('node:http')],
    ['a comment that only looks like one', 'errors.ts', `// import x from './client/client-config.js'\n`],
  ])('lets pass: %s', (_, file, text) => {
    expect(layerViolations(file, text)).toEqual([])
  })
})

describe('the entry points', () => {
  it.each(entries.map(({ file, text }) => [file, text]))('%s only passes on what others export', (_, text) => {
    expect(statementsBesidesReexports(text)).toEqual([])
  })

  it('would be caught doing more', () => {
    expect(
      statementsBesidesReexports(`
        export { a } from './a.js'
        export type { A } from './a.js'
        export * from './b.js'
        import { c } from './c.js'
        export { c }
        export const d = 1
        run()
      `),
    ).toEqual([`import { c } from './c.js'`, 'export { c }', 'export const d = 1', 'run()'])
  })

  /** Runs a bundle where the language is all there is: no window, no IndexedDB, no crypto, no fetch, no timers. */
  async function runAlone(input: BuildOptions): Promise<Record<string, unknown>> {
    const { outputFiles } = await build({
      ...input,
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'entry',
      treeShaking: false,
      logLevel: 'silent',
    })
    // All that oauth4webapi makes at once: an encoder, a decoder, a URL that stands for none.
    const context = { TextEncoder, TextDecoder, URL, ...(input.platform === 'node' && { require }) }
    runInNewContext(`${outputFiles?.[0]?.text}; globalThis.exported = entry`, context)
    return (context as { exported?: Record<string, unknown> }).exported ?? {}
  }

  it.each(entries.map(({ file }) => [file]))('%s runs nothing when it is imported', async (file) => {
    const node: BuildOptions = /^(node|audit|testing-node)\.ts$/.test(file)
      ? { platform: 'node', external: ['undici', 'playwright-core'] }
      : {}
    const exported = await runAlone({ entryPoints: [join(SRC, file)], ...node })
    expect(Object.keys(exported).length).toBeGreaterThan(0)
    expect(Object.keys(exported)).toContain('ProofkeyError')
  })

  it.each([
    ['window', 'window.name'],
    ['location', 'location.href'],
    ['indexedDB', `indexedDB.open('x')`],
    ['crypto', 'crypto.getRandomValues(new Uint8Array(1))'],
    ['setTimeout', 'setTimeout(() => {})'],
    ['fetch', `fetch('/')`],
    ['BroadcastChannel', `new BroadcastChannel('x')`],
  ])('would be caught touching %s', async (name, touch) => {
    const contents = `export * from './index.ts'; export const touched = ${touch}`
    const bundle = runAlone({ stdin: { contents, resolveDir: SRC, loader: 'ts' } })
    await expect(bundle).rejects.toThrow(`${name} is not defined`)
  })
})

it('src/ never speaks of localStorage or sessionStorage', () => {
  const mention = /(local|session)_?storage/i
  expect(mention.test('window.sessionStorage')).toBe(true)
  expect(sources.filter(({ text }) => mention.test(text)).map(({ file }) => file)).toEqual([])
})
