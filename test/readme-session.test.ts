// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as proofkey from '../src/index.js'
import { documentText, snippetsOf } from './helpers/documents.js'
import { goTo } from './helpers/page.js'

/** The first snippet of a document is its whole app. */
const appOf = (name: string) => snippetsOf(documentText(name))[0]?.code ?? ''

/** Runs a session app as the page's module. */
async function run(code: string): Promise<{ auth: proofkey.SessionClient; signOut: () => Promise<void> }> {
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

const PATHS: [string, string, number][] = [
  ['any page', '', 0],
  ['a sign-in that was refused', '/callback?error=access_denied', 1],
  ['a code of another flow', '/callback?code=x&state=y', 0],
]

describe.each(['README.md', 'docs/guide/page.md'])('the session app of %s', (name) => {
  it.each(PATHS)('starts on %s', async (_, path, told) => {
    goTo(`https://app.example.com${path}`)
    const { auth, signOut } = await run(appOf(name))
    expect(console.warn).toHaveBeenCalledTimes(told)
    expect(auth.session).toBeUndefined()
    await signOut()
    auth.close()
  })
})
