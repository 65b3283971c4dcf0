import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AuditReport } from '../../src/audit.js'
import { startAskingServer } from '../audit/cli/asking-server.js'
import { endCommands, startCommand } from '../audit/cli/command.js'
import { windowedOptions } from '../helpers/chromium.js'
import { until } from '../helpers/until.js'
import { startRealBrowser } from './real-browser.js'

const PAGE = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m

type Server = Awaited<ReturnType<typeof startAskingServer>>
let server: Server
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofkey-audit-'))
})
afterEach(async () => {
  endCommands()
  await server?.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function startAudit(...more: string[]) {
  const clients = ['--client-id', 'public', '--other-client-id', 'public-2', '--redirect-uri', server.redirectUri]
  return startCommand(['audit', server.issuer, ...clients, '--format', 'json', ...more])
}

/** Every check has run, and nothing was found at a good server. */
function expectComplete(report: AuditReport): void {
  const broken = report.results.filter(({ result }) => result === 'fail')
  expect(broken.map(({ id, observed }) => ({ id, observed }))).toEqual([])
  expect(report.summary.pass).toBeGreaterThan(0)
  expect(report.results.find(({ id }) => id === 'wrong-verifier')).toMatchObject({ result: 'pass' })
}

describe('in the browser of a person', () => {
  const browser = startRealBrowser()

  /** Opens the page and clicks Start. @returns the page and the second window */
  async function begin(url: string): Promise<{ page: Page; second: Page }> {
    const page = await browser.newPage(url)
    const opening = browser.context.waitForEvent('page')
    await page.getByRole('button', { name: 'Start' }).click()
    return { page, second: await opening }
  }

  /** Signs in at each page that asks for it, and says so where there is an error page instead. */
  async function signsInWhereAsked(page: Page, second: Page, isOver: () => Promise<boolean>): Promise<number> {
    const signIn = second.getByRole('button', { name: 'Sign in' })
    const errorPage = page.getByRole('button', { name: 'It shows an error page' })
    let clicks = 0
    await until(async () => {
      if (await isOver()) return true
      const asked = await errorPage.isVisible()
      if (!second.isClosed() && (await signIn.isVisible().catch(() => false)))
        await signIn.click({ noWaitAfter: true, timeout: 1000 }).catch(() => {})
      else if (asked) {
        clicks++
        await errorPage.click({ timeout: 1000 }).catch(() => {})
      }
      return false
    })
    return clicks
  }

  it('a person signs in once, and all experiments run by themselves', async () => {
    server = await startAskingServer()
    const command = startAudit()
    const { page, second } = await begin(await command.hears(PAGE))
    const ended = page.getByRole('heading', { name: 'The audit has ended' })
    const clicks = await signsInWhereAsked(page, second, () => ended.isVisible())
    if (!second.isClosed()) await second.waitForEvent('close')
    const { code, stdout } = await command.end()
    const report: AuditReport = JSON.parse(stdout)
    expectComplete(report)
    expect(code).toBe(0)
    // Once in the beginning, and once more for each check that demands it.
    const again = report.results.filter(({ id }) => ['max-age-enforced', 'prompt-login-enforced'].includes(id))
    expect(again).toHaveLength(4)
    expect(server.signIns()).toBe(1 + again.length)
    expect(clicks).toBe(0)
    expect(await page.title()).toBe('Done · proofkey audit')
    expect(await page.locator('#others-list li').count()).toBeGreaterThan(0)
  }, 180_000)
})

it('a script signs in', async () => {
  server = await startAskingServer()
  const script = join(folder, 'sign-in.mjs')
  writeFileSync(script, `export default (page) => page.getByRole('button', { name: 'Sign in' }).click()\n`)
  process.env['CHROMIUM_PATH'] = windowedOptions().executablePath
  const { code, stdout, stderr } = await startAudit('--sign-in', script).end()
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expectComplete(JSON.parse(stdout))
}, 180_000)
