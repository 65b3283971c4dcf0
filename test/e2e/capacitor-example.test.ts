import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { startCapacitor } from '../../examples/capacitor/serve.js'
import { signInAtProvider, useBrowser } from './browser.js'
import { createPhone, type Phone, signInInTab } from './phone.js'

let folder: string
const browser = useBrowser(async () => {
  folder = await mkdtemp(join(tmpdir(), 'capacitor-'))
  return startCapacitor(0, folder)
})
afterAll(() => rm(folder, { recursive: true }))

const newPhone = async (): Promise<Phone> =>
  createPhone(await browser.newContext(), await browser.newContext(), browser.url)

const status = (page: Page, state: string) => page.locator(`#status[data-state=${state}]`)

async function leave(phone: Phone): Promise<{ page: Page; link: string }> {
  const page = await phone.start()
  await page.locator('#in-app').waitFor()
  await page.locator('#sign-in').click()
  const link = await signInInTab(await phone.tab())
  await status(page, 'away').waitFor()
  return { page, link }
}

describe('the Capacitor example', () => {
  it('is one folder, with nothing from elsewhere', async () => {
    expect((await readdir(folder)).sort()).toEqual(['index.html', 'main.js', 'style.css'])
    const html = await readFile(join(folder, 'index.html'), 'utf8')
    expect([...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, path]) => path)).toEqual([
      'data:,',
      'style.css',
      'main.js',
    ])
    expect(html).toContain(`connect-src ${browser.issuer}"`)
  })

  it('is opened on Android and iOS by the scheme of its redirect URI', async () => {
    const read = (path: string) => readFile(new URL(`../../examples/capacitor/${path}`, import.meta.url), 'utf8')
    const { appId } = JSON.parse(await read('capacitor.config.json'))
    expect(await readFile(join(folder, 'main.js'), 'utf8')).toContain(`"${appId}:/callback"`)
    expect(await read('platforms/AndroidManifest.xml')).toContain(`<data android:scheme="${appId}" />`)
    expect(await read('platforms/Info.plist')).toMatch(
      new RegExp(`<key>CFBundleURLSchemes</key>\\s*<array>\\s*<string>${appId}</string>`),
    )
    const [{ target }] = JSON.parse(await read('platforms/well-known/assetlinks.json'))
    expect(target.package_name).toBe(appId)
    const { applinks } = JSON.parse(await read('platforms/well-known/apple-app-site-association'))
    expect(applinks.details[0].appIDs[0]).toMatch(new RegExp(`^\\w{10}\\.${appId}$`))
  })

  it('signs in on the web, where the page leaves and comes back', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(browser.url)
    await page.locator('#in-browser').waitFor()
    await page.locator('#sign-in').click()
    await signInAtProvider(page, browser.callback)
    await status(page, 'signed-in').waitFor()
    expect(await page.locator('#status').textContent()).toBe('Signed in as ada.')
    expect(page.url()).toBe(`${browser.url}/`)
  })

  it('greets a person without a name, and cleans the URL after a refusal', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(browser.url)
    await page.locator('#sign-in').click()
    await page.locator('a:has-text("Cancel")').click()
    await page.locator('#status[data-code=access_denied]').waitFor()
    expect(page.url()).toBe(`${browser.url}/`)
    await page.locator('#sign-in').click()
    await signInAtProvider(page, browser.callback, 'nobody')
    await status(page, 'signed-in').waitFor()
    expect(await page.locator('#status').textContent()).toBe('Signed in as nobody.')
  })

  it('signs in in an app that waits', async () => {
    const phone = await newPhone()
    const { page, link } = await leave(phone)
    await phone.open(link)
    await status(page, 'signed-in').waitFor()
  })

  it('signs in in an app that was ended, once', async () => {
    const phone = await newPhone()
    const { link } = await leave(phone)
    await phone.kill()
    await phone.open(link)
    const page = await phone.page()
    await status(page, 'signed-in').waitFor()
    // The system still names the URL of the launch: no news.
    await phone.reload()
    await page.locator('#in-app').waitFor()
    await page.waitForTimeout(300)
    expect(await page.locator('#status').getAttribute('data-state')).toBeNull()
  })

  it('signs in where the page alone was ended', async () => {
    const phone = await newPhone()
    const { page, link } = await leave(phone)
    await phone.reload()
    await page.locator('#in-app').waitFor()
    await phone.open(link)
    await status(page, 'signed-in').waitFor()
  })

  it('says so when the tab is closed', async () => {
    const phone = await newPhone()
    const page = await phone.start()
    await page.locator('#sign-in').click()
    await phone.tab()
    await phone.tellClosed()
    await page.locator('#status[data-code=cancelled]').waitFor()
  })
})
