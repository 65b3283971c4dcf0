import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { launchOptions } from '../helpers/chromium.js'
import { until } from '../helpers/until.js'
import { signInAtProvider } from './browser.js'
import { PATIENCE_MS } from './tab.js'

const root = new URL('../../', import.meta.url).pathname
/** What `npm run example:cli` runs. */
const [, program = ''] = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).scripts['example:cli'].split(' ')
const running: ChildProcess[] = []
let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch(launchOptions())
})
afterEach(async () => {
  for (const command of running.splice(0)) command.kill('SIGKILL')
  for (const context of browser.contexts()) await context.close()
})
afterAll(() => browser?.close())

/** The command line as a process of its own, without a screen unless it is given one. */
function start(args: string[] = [], env: Record<string, string> = {}) {
  const { DISPLAY, WAYLAND_DISPLAY, ...surroundings } = process.env
  const command = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    cwd: root,
    env: { ...surroundings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(command)
  let said = ''
  for (const stream of [command.stdout, command.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = once(command, 'close')
  return {
    command,
    said: () => said,
    /** Waits until it has said something. */
    async hears(pattern: RegExp): Promise<string> {
      await until(() => pattern.test(said) || command.exitCode !== null)
      return pattern.exec(said)?.[1] ?? expect.unreachable(said)
    },
    /** @returns its exit code, and how long it took */
    async ends(): Promise<{ code: number | null; ms: number }> {
      const start = performance.now()
      const [code] = await ended
      return { code, ms: performance.now() - start }
    },
  }
}

const LINK = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/auth\?\S+)\s/m
const landingOf = (link: string) => new URL(new URL(link).searchParams.get('redirect_uri') ?? '')

async function newPage(): Promise<Page> {
  const context = await browser.newContext()
  context.setDefaultTimeout(PATIENCE_MS)
  return context.newPage()
}

/** No token of the provider, which are all long; the link, which holds only what the address bar shows, is left out. */
const expectNoSecrets = (said: string) => {
  const rest = said.replace(LINK, '')
  expect(rest).not.toMatch(/eyJ|[\w-]{30,}/)
}

it('signs in by the loopback, in a real browser; stray requests change nothing', async () => {
  const cli = start()
  const link = await cli.hears(LINK)
  const { origin } = landingOf(link)
  const state = new URL(link).searchParams.get('state') ?? ''

  for (const [path, init] of [
    ['/favicon.ico', {}],
    ['/', {}],
    ['/callback', {}],
    ['/callback?code=x&state=guessed', {}],
    [`/other?code=x&state=${state}`, {}],
    [`/callback?code=x&state=${state}`, { method: 'POST' }],
    [`/callback?code=x&state=${state}`, { method: 'HEAD' }],
  ] as const) {
    expect((await fetch(origin + path, init)).status).toBe(404)
  }

  const page = await newPage()
  const requested: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requested.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  await page.goto(link)
  await signInAtProvider(page, origin)
  await page.getByText('Signed in. You can close this window.').waitFor()
  expect(await page.title()).toBe('Signed in. You can close this window.')

  // The code is out of the address bar, and the browser lets the page's one script do that and its style apply.
  expect(page.url()).toBe(`${origin}/`)
  expect(await page.evaluate(() => getComputedStyle(document.body).textAlign)).toBe('center')
  expect(complaints.filter((text) => /Content.Security/i.test(text))).toEqual([])
  const answer = requested.find((url) => url.startsWith(`${origin}/callback?`)) ?? ''
  expect(new URL(answer).searchParams.get('state')).toBe(state)

  expect(await cli.ends()).toMatchObject({ code: 0 })
  expect(cli.said()).toContain('Signed in as ada.')
  expect(cli.said()).not.toContain(new URL(answer).searchParams.get('code'))
  expectNoSecrets(cli.said())
  await expect(fetch(origin)).rejects.toThrow()
})

it.runIf(process.platform === 'linux')('opens the browser itself where there is a screen', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-cli-'))
  try {
    // What the system is told to open links with.
    const browserProgram = join(folder, 'browser')
    writeFileSync(browserProgram, `#!/bin/sh\nprintf %s "$1" > '${folder}/opened'\n`)
    chmodSync(browserProgram, 0o755)
    const nothing = ['DATA_HOME', 'DATA_DIRS', 'CONFIG_HOME', 'CONFIG_DIRS'].map((name) => [`XDG_${name}`, folder])
    const cli = start([], {
      DISPLAY: ':97',
      BROWSER: browserProgram,
      XDG_CURRENT_DESKTOP: '',
      ...Object.fromEntries(nothing),
    })
    const link = await cli.hears(LINK)
    await until(() => {
      try {
        return readFileSync(join(folder, 'opened'), 'utf8') === link
      } catch {
        return false
      }
    })
    cli.command.kill('SIGINT')
    expect(await cli.ends()).toMatchObject({ code: 130 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('says that the person refused', async () => {
  const cli = start()
  const link = await cli.hears(LINK)
  const page = await newPage()
  await page.goto(link)
  await page.getByText('[ Cancel ]').click()
  await page.getByText('Sign-in failed. (access_denied)').waitFor()
  expect(await cli.ends()).toMatchObject({ code: 1 })
  expect(cli.said()).toContain('access_denied: ')
  expectNoSecrets(cli.said())
})

it.each([[[]], [['--device']]])('ends at once on Ctrl-C, with everything it started: %j', async (args) => {
  const cli = start(args)
  const issuer = await cli.hears(/OpenID provider is (\S+)\./)
  await cli.hears(/^ {2}(\S+)\n/m)
  const landing = args.length ? issuer : landingOf(await cli.hears(LINK)).origin
  expect((await fetch(landing)).status).toBe(404)
  cli.command.kill('SIGINT')
  const { code, ms } = await cli.ends()
  expect(code).toBe(130)
  // A connection that is kept alive would hold it for 5 s.
  expect(ms).toBeLessThan(4000)
  expect(cli.said()).toContain('aborted: ')
  for (const url of [landing, issuer]) await expect(fetch(url)).rejects.toThrow()
})

it('signs in by the device grant, with the code typed in by hand', async () => {
  const cli = start(['--device'])
  const address = await cli.hears(/open (http:\/\/127\.0\.0\.1:\d+\/device) on any device/)
  const code = await cli.hears(/^ {2}([A-Z]{4}-[A-Z]{4})\n/m)
  const page = await newPage()
  await page.goto(address)
  await page.locator('[name=user_code]').fill(code)
  await page.locator('[type=submit]').click()
  await page.getByText('[ Abort ]').waitFor()
  expect(await page.textContent('code')).toBe(code)
  await page.getByText('Continue', { exact: true }).click()
  // Somebody without a name.
  await signInAtProvider(page, address, 'nobody')
  await page.getByText('Sign-in Success').waitFor()
  expect(await cli.ends()).toMatchObject({ code: 0 })
  expect(cli.said()).toContain('Signed in as nobody.')
  expectNoSecrets(cli.said())
})

it('says that the person refused the device', async () => {
  const cli = start(['--device'])
  const page = await newPage()
  await page.goto(await cli.hears(/or open (\S+) and compare/))
  await page.getByText('[ Abort ]').click()
  expect(await cli.ends()).toMatchObject({ code: 1 })
  expect(cli.said()).toContain('access_denied: ')
  expectNoSecrets(cli.said())
})
