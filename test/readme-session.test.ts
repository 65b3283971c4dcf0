// @vitest-environment happy-dom
import { readFileSync } from 'node:fs'
import { IDBFactory } from 'fake-indexeddb'
import ts from 'typescript'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import * as proofkey from '../src/index.js'
import { goTo } from './helpers/page.js'

const snippets = readFileSync('README.md', 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
const code = [...snippets].map(([, text = '']) => text).find((text) => text.includes('auth.start()')) ?? ''

/** Runs the README's session app as the page's module. */
async function run(): Promise<{ auth: proofkey.SessionClient; signOut: () => Promise<void> }> {
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
  const body = outputText.replace(/^import (.*) from 'proofkey';$/m, 'const $1 = proofkey').replace(/^export /gm, '')
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  return AsyncFunction('proofkey', `${body}; return { auth, signOut }`)(proofkey)
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.stubGlobal('fetch', async () => new Response(null, { status: 404 }))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

it.each([
  ['any page', '', 0],
  ['a sign-in that was refused', '/callback?error=access_denied', 1],
  ['a code of another flow', '/callback?code=x&state=y', 0],
])('the README’s session app starts on %s', async (_, path, told) => {
  goTo(`https://app.example.com${path}`)
  const { auth, signOut } = await run()
  expect(console.warn).toHaveBeenCalledTimes(told)
  expect(auth.session).toBeUndefined()
  await signOut()
  auth.close()
})
