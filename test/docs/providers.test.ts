import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as entries from '../../src/providers.js'

const folder = new URL('../../docs/providers/', import.meta.url)
const documents = new URL('../providers/', import.meta.url)
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md') && name !== 'index.md')
  .sort()
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const index = read('index.md')

/** How a page writes the member of a document. */
function written(value: unknown, name: string): string {
  if (value === undefined) return 'not listed'
  if (/endpoint$/.test(name)) return 'listed'
  if (Array.isArray(value)) return value.map((one) => `\`${one}\``).join(', ') || 'empty'
  return `\`${JSON.stringify(value)}\``
}

it('the index links each page, and no other', () => {
  const linked = [...index.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, name]) => name)
  expect([...new Set(linked)].sort()).toEqual(pages)
})

it('each entry has a page, but for two that are no one server', () => {
  const text = pages.map(read).join('')
  const names = Object.keys(entries).filter(
    (name) => !/Error$|^defineProvider$|^(openAuth|atprotoWithPlainRequests)$/.test(name),
  )
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) expect(text).toMatch(new RegExp(`\\b${name}\\(`))
})

const root = new URL('../../', import.meta.url).pathname
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ({ privateKey }: typeof rsa) => privateKey.export({ type: 'pkcs8', format: 'pem' })
/** What the snippets read of their environment. */
const env = {
  CLIENT_SECRET: 'registered-secret',
  COOKIE_KEY: 'k'.repeat(43),
  APPLE_KEY: pem(ec),
  LOGIN_GOV_KEY: pem(rsa),
  ONE_LOGIN_KEY: pem(rsa),
}

/** Runs a snippet of the page; without a browser, no request is sent. @returns what it exports */
async function run(snippet: string): Promise<Record<string, unknown>> {
  const alias = Object.fromEntries(
    ['index', 'server', 'providers'].map((name) => [`proofkey/${name}`, `${root}src/${name}.ts`]),
  )
  const contents = snippet.replaceAll("'proofkey'", "'proofkey/index'")
  const banner = { js: `const env = ${JSON.stringify(env)};` }
  const stdin = { contents, resolveDir: root, loader: 'ts' } as const
  const options = { bundle: true, write: false, format: 'esm', platform: 'node', target: 'es2022' } as const
  const { outputFiles } = await build({ ...options, stdin, alias, banner, external: ['undici'] })
  const code = Buffer.from(outputFiles[0]!.text).toString('base64')
  return import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)
}

describe.each(pages)('%s', (page) => {
  const text = read(page)

  it('says what to register, the configuration and the quirks', () => {
    const headings = text.match(/^## .+$/gm) ?? []
    expect(headings.slice(0, 3)).toEqual(['## Register', '## Configuration', '## Quirks'])
    expect(text.match(/^```ts$/gm)).toHaveLength(1)
    expect(text).toMatch(
      /^\| (redirect|Redirect|Authorization callback|`redirect_uris`|.*(Redirect|redirect|Callback|callback|Website) (URIs?|URLs?)|Allowed [Cc]allback URLs).* \| /m,
    )
  })

  it('has a configuration that is accepted', async () => {
    const [, snippet = ''] = /^```ts\n(.*?)^```$/ms.exec(text) ?? []
    expect(await run(snippet)).toHaveProperty('auth.signIn')
  })

  it('names only documents that there are', () => {
    const named = [...text.matchAll(/`((?:test\/providers\/)?[\w-]+\/[\w-]+\.(?:json|txt))`/g)].map(
      ([, path = '']) => path,
    )
    for (const path of named)
      expect([path, existsSync(new URL(path.replace('test/providers/', ''), documents))]).toEqual([path, true])
    for (const [, path = ''] of text.matchAll(/\]\((\.\.?\/[^)]+)\)/g))
      expect([path, existsSync(new URL(path, folder))]).toEqual([path, true])
  })

  const [, table = ''] = text.split('## Metadata')
  it('says what the metadata has, if there is a whole document', () => {
    // That of GitHub has been cut.
    const known = existsSync(new URL(page.replace('.md', '/'), documents)) && page !== 'github.md'
    expect(table !== '').toBe(known)
  })

  it.runIf(table)('says of the metadata what its document has', () => {
    const [, path = ''] = /`test\/providers\/([\w/-]+\.json)`/.exec(table) ?? []
    const metadata = JSON.parse(readFileSync(new URL(path, documents), 'utf8')) as Record<string, unknown>
    const rows = [...table.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)]
    expect(rows.length).toBeGreaterThanOrEqual(8)
    for (const [, name = '', value] of rows) expect([name, value]).toEqual([name, written(metadata[name], name)])
  })
})
