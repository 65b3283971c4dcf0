import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import type { Measured } from './page/harness.js'
import type { BenchProvider, Requests } from './provider.js'

const PERSON = 'ada'
const WARM_SIGN_INS = 5
/** The page load is no part of a measurement, so its tail may end first. */
const SETTLE_MS = 200
const NO_LIMIT = { offline: false, downloadThroughput: -1, uploadThroughput: -1 }

export interface VisitOptions {
  /** Records what the pages do. It costs time, so it is for the shares, not for the comparison. */
  readonly traced: boolean
  /** Added to every request, since loopback has next to none. */
  readonly latencyMs: number
}

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
 * One contestant's whole sign-in, by a person who is signed in at the provider, so that authorization is silent, in a
 * browser that holds nothing of the contestant's. Every sign-in is stopped as it leaves the page, so that many can be
 * measured in one; the last one's URL is then really visited, and the provider redirects to the callback page.
 * @throws if the contestant does not end up with tokens and a clean address bar
 */
export async function visit(
  context: BrowserContext,
  provider: BenchProvider,
  origin: string,
  { traced, latencyMs }: VisitOptions,
): Promise<Visit> {
  const page = await context.newPage()
  const settled = async () => {
    await page.waitForTimeout(SETTLE_MS)
    if (traced) await page.evaluate(() => bench.trace())
    provider.takeRequests()
  }
  try {
    const devtools = await forget(page, origin)
    if (latencyMs) await devtools.send('Network.emulateNetworkConditions', { ...NO_LIMIT, latency: latencyMs })
    await page.goto(origin)
    await settled()
    const { url, ...cold } = await page.evaluate(() => bench.signIn())
    const coldRequests = provider.takeRequests()
    const warm: Measured[] = []
    for (let count = 0; count < WARM_SIGN_INS; count++) warm.push(await page.evaluate(() => bench.signIn()))
    const warmRequests = provider.takeRequests()
    const plainVerifierIn = await page.evaluate((signInUrl) => bench.plainVerifierIn(signInUrl), url)

    await page.goto(origin)
    await page.evaluate(() => bench.preload())
    await settled()
    const preloaded = await page.evaluate(() => bench.signIn())

    await page.goto(preloaded.url)
    if (!page.url().startsWith(`${origin}/callback?`)) throw new Error(`Landed on ${new URL(page.url()).pathname}`)
    await settled()
    const { accessToken, subject, ...callback } = await page.evaluate(() => bench.handleCallback())
    const callbackRequests = provider.takeRequests()
    if (!accessToken || subject !== PERSON) throw new Error('Nobody is signed in')
    if (page.url() !== `${origin}/callback`) throw new Error('The callback parameters stayed in the address bar')

    const requests = { cold: coldRequests, warm: warmRequests, callback: callbackRequests }
    return { cold, warm, preloaded, callback, requests, plainVerifierIn }
  } finally {
    await page.close()
  }
}

/** Removes all that the browser keeps for an origin. */
export async function forget(page: Page, origin: string): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
  return devtools
}

/** Signs the person in at the provider, on its own pages. */
export async function signInAtProvider(context: BrowserContext, origin: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(origin)
  const { url } = await page.evaluate(() => bench.signIn())
  await page.goto(url)
  for (let form = 0; form < 5 && !page.url().startsWith(origin); form++) await submitForm(page)
  await page.close()
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
