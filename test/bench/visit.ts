import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Measured } from './page/harness.js'
import type { BenchProvider, Requests } from './provider.js'

export const PERSON = 'ada'
const WARM_SIGN_INS = 5

type Session = Awaited<ReturnType<BrowserContext['storageState']>>

export interface Visit {
  /** The first sign-in of a browser that was never here: no metadata, no database. */
  readonly cold: Measured
  /** Further sign-ins of the same page. */
  readonly warm: readonly Measured[]
  /** The first sign-in of a page that has loaded the metadata ahead, in a browser that was here before. */
  readonly preloaded: Measured
  readonly callback: Measured
  readonly requests: { readonly cold: Requests; readonly warm: Requests; readonly callback: Requests }
  readonly plainVerifierIn: string
}

/**
 * One contestant's whole sign-in, in a fresh browser context that holds nothing but the provider's session: the person
 * is signed in there, so authorization is silent. Every sign-in is stopped as it leaves the page, so that many can be
 * measured in one; the last one's URL is then really visited, and the provider redirects to the callback page.
 * @throws if the contestant does not end up with tokens and a clean address bar
 */
export async function visit(
  browser: Browser,
  provider: BenchProvider,
  origin: string,
  session: Session,
  traced: boolean,
): Promise<Visit> {
  const context = await browser.newContext({ storageState: session })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    const arrived = async () => {
      if (traced) await page.evaluate(() => bench.trace())
      provider.takeRequests()
    }

    await page.goto(origin)
    await arrived()
    const { url, ...cold } = await page.evaluate(() => bench.signIn())
    const coldRequests = provider.takeRequests()
    const warm: Measured[] = []
    for (let count = 0; count < WARM_SIGN_INS; count++) warm.push(await page.evaluate(() => bench.signIn()))
    const warmRequests = provider.takeRequests()
    const plainVerifierIn = await page.evaluate((signInUrl) => bench.plainVerifierIn(signInUrl), url)

    await page.goto(origin)
    await page.evaluate(() => bench.preload())
    await arrived()
    const preloaded = await page.evaluate(() => bench.signIn())

    await page.goto(preloaded.url)
    if (!page.url().startsWith(`${origin}/callback?`)) throw new Error(`Landed on ${new URL(page.url()).pathname}`)
    await arrived()
    const { accessToken, subject, ...callback } = await page.evaluate(() => bench.handleCallback())
    const callbackRequests = provider.takeRequests()
    if (!accessToken || subject !== PERSON) throw new Error('Nobody is signed in')
    if (page.url() !== `${origin}/callback`) throw new Error('The callback parameters stayed in the address bar')

    const requests = { cold: coldRequests, warm: warmRequests, callback: callbackRequests }
    return { cold, warm, preloaded, callback, requests, plainVerifierIn }
  } finally {
    await context.close()
  }
}

/** Signs the person in at the provider, on its own pages. @returns the browser's cookies */
export async function signInAtProvider(browser: Browser, origin: string): Promise<Session> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(origin)
    const { url } = await page.evaluate(() => bench.signIn())
    await page.goto(url)
    for (let form = 0; form < 5 && !page.url().startsWith(origin); form++) await submitForm(page)
    return { cookies: await context.cookies(), origins: [] }
  } finally {
    await context.close()
  }
}

async function submitForm(page: Page): Promise<void> {
  for (const name of ['login', 'password']) {
    const field = page.locator(`input[name=${name}]`)
    if (await field.count()) await field.fill(PERSON)
  }
  const form = page.url()
  await page.locator('button[type=submit]').first().click()
  await page.waitForURL(({ href }) => href !== form)
}
