import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ERROR_PAGES } from '../../src/errors.js'
import { windowedOptions } from '../helpers/chromium.js'
import { startFirefox } from '../helpers/firefox.js'
import { type Listening, listen } from '../helpers/loopback.js'
import { openSession } from './bidi.js'
import { until } from './tab.js'

const SOURCE = `
  import { ProofkeyError } from './src/errors.js'
  const make = () => new ProofkeyError('expired', 'The sign-in took too long.', 'Start a new one.')
  console.error(make())
  setTimeout(() => { throw make() })
  Promise.reject(make())
`
const HAPPENED = 'ProofkeyError [expired]: The sign-in took too long.'
/** The hint, the link. */
const REPAIR = `Start a new one. ${ERROR_PAGES}expired`
const WHOLE = new RegExp(`^${HAPPENED.replace(/[[\]]/g, '\\$&')}\\n( +at .*\\n)+ +${REPAIR}`)

let script: string
let site: Listening

beforeAll(async () => {
  const resolveDir = new URL('../../', import.meta.url).pathname
  const stdin = { contents: SOURCE, resolveDir, loader: 'ts' } as const
  const bundle = await build({ stdin, bundle: true, write: false, format: 'esm', target: 'es2022' })
  script = bundle.outputFiles[0]!.text
  site = await listen((_, response) => response.end(`<!doctype html><script type="module">${script}</script>`))
})
afterAll(() => site?.close())

const url = () => `http://127.0.0.1:${site.port}/`

it('Node prints all of an uncaught error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'proofkey-console-'))
  try {
    await writeFile(join(folder, 'main.mjs'), script)
    for (const flags of [[], ['--enable-source-maps']]) {
      const run = promisify(execFile)(process.execPath, [...flags, '--unhandled-rejections=warn', 'main.mjs'], {
        cwd: folder,
      })
      const { stderr } = await run.then(
        () => ({ stderr: '' }),
        (error: { stderr: string }) => error,
      )
      // Logged, and uncaught; a rejection that only warns says no more than its stack.
      expect(stderr.match(new RegExp(WHOLE, 'gm'))?.length).toBeGreaterThanOrEqual(2)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('Chromium prints all of an uncaught error', async () => {
  const browser = await chromium.launch(windowedOptions())
  try {
    const page = await browser.newPage()
    const session = await page.context().newCDPSession(page)
    const texts: (string | undefined)[] = []
    session.on('Runtime.exceptionThrown', ({ exceptionDetails }) => texts.push(exceptionDetails.exception?.description))
    session.on('Runtime.consoleAPICalled', ({ args }) => texts.push(args[0]?.description))
    await session.send('Runtime.enable')
    await page.goto(url())
    await until('three texts', async () => texts[2])
    expect(texts).toEqual(Array(3).fill(expect.stringMatching(WHOLE)))
  } finally {
    await browser.close()
  }
})

it('Firefox prints the code and what happened; it shows the hint where a person opens the error', async () => {
  const firefox = await startFirefox()
  try {
    const session = await openSession(firefox.address, ['log.entryAdded'])
    const texts: string[] = []
    session.on<{ text: string }>('log.entryAdded', ({ text }) => texts.push(text))
    const { context } = await session.send<{ context: string }>('browsingContext.create', { type: 'tab' })
    await session.send('browsingContext.navigate', { context, url: url(), wait: 'complete' })
    await until('three texts', async () => texts[2])
    session.close()
    // Of what is logged, this protocol names the built-in class; the console of the developer tools prints it like the others.
    const [logged, ...uncaught] = texts
    expect(logged).toBe('Error: The sign-in took too long.')
    expect(uncaught).toEqual([HAPPENED, HAPPENED])
  } finally {
    await firefox.stop()
  }
})
