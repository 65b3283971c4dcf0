import { chromium } from 'playwright-core'
import { expect, it } from 'vitest'
import { launchOptions } from '../helpers/chromium.js'

it('Chromium starts without whatever Playwright starts it without', async () => {
  const options = launchOptions()
  // Without this flag it does not tell its command line.
  const browser = await chromium.launch({ ...options, args: [...options.args, '--enable-automation'] })
  try {
    const session = await browser.newBrowserCDPSession()
    const { arguments: args } = await session.send('Browser.getBrowserCommandLine')
    const lists = args.filter((arg) => arg.startsWith('--disable-features=')).map((arg) => arg.split(/[=,]/).slice(1))
    expect(lists.length).toBeGreaterThan(1)
    expect(lists.at(-1)).toEqual(expect.arrayContaining(lists.flat()))
  } finally {
    await browser.close()
  }
})
