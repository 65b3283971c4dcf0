import { chromium as launcher, type Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditBrowser, PersonBrowser, Visit } from '../../src/audit.js'
import { loopbackBrowser, pasteBrowser } from '../../src/audit.js'
import { startAskingServer } from '../audit/cli/asking-server.js'
import { launchOptions } from '../helpers/chromium.js'
import { freePort } from '../helpers/loopback.js'
import { startRealBrowser } from './real-browser.js'

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

let server: Awaited<ReturnType<typeof startAskingServer>>
let audited: PersonBrowser
const stop = new AbortController()
// Runs after the pages have been closed: at its end the audit closes the second window.
afterEach(async () => {
  await audited?.close()
  await server?.close()
})
const chromium = startRealBrowser()

let requests = 0
function authorizationUrl(changes: Record<string, string> = {}): URL {
  const url = new URL('/auth', server.issuer)
  url.search = `${new URLSearchParams({
    response_type: 'code',
    client_id: 'public',
    redirect_uri: audited.redirectUri,
    scope: 'openid',
    state: `state-${++requests}`,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  })}`
  return url
}

const visit = (changes: Record<string, string> = {}, more: Partial<Visit> = {}, browser: AuditBrowser = audited) => {
  const url = authorizationUrl(changes)
  const redirectUri = url.searchParams.get('redirect_uri')!
  return browser.visit(url, { redirectUri, expectsRefusal: false, signal: stop.signal, ...more })
}

async function open(): Promise<{ page: Page; second: Page }> {
  const page = await chromium.newPage(audited.pageUrl)
  const opening = chromium.context.waitForEvent('page')
  await page.getByRole('button', { name: 'Start' }).click()
  return { page, second: await opening }
}

/** Registers more redirect URIs of the public client. */
async function register(...uris: string[]): Promise<void> {
  const client = await server.provider.Client.find('public')
  ;(client!.redirectUris as string[]).push(...uris)
}

/** Does not wait for what follows: the window waits at this machine for the next request. */
const signInAt = (second: Page) => second.getByRole('button', { name: 'Sign in' }).click({ noWaitAfter: true })

const atCallback = (more: object = {}) => expect.objectContaining({ at: 'callback', ...more })

describe('with answers at this machine', () => {
  /** Signs in by the first visit. */
  async function signIn() {
    const first = visit()
    const { page, second } = await open()
    await signInAt(second)
    expect(await first).toEqual(atCallback())
    return { page, second }
  }

  beforeEach(async () => {
    server = await startAskingServer()
    audited = await loopbackBrowser({ redirectUri: server.redirectUri })
  })

  it('goes through more requests than a browser follows redirects, and gets the answer of each', async () => {
    await signIn()
    for (let index = 0; index < 25; index++) {
      const arrival = await visit({ state: `mine-${index}` })
      expect(arrival.at === 'callback' && arrival.parameters.get('state')).toBe(`mine-${index}`)
    }
  })

  it('reads answers in the query, the fragment and a form', async () => {
    await signIn()
    for (const response_mode of ['query', 'fragment', 'form_post']) {
      const arrival = await visit({ response_mode, state: response_mode })
      expect(arrival.at === 'callback' && arrival.parameters.get('state')).toBe(response_mode)
      expect(arrival.at === 'callback' && arrival.parameters.get('code')).toBeTruthy()
    }
  })

  it('sees answers at any path, name and port of this machine', async () => {
    await signIn()
    const { port } = new URL(audited.redirectUri)
    const uris = [
      `http://127.0.0.1:${port}/callback/../other/path?with=query`,
      `http://localhost:${port}/callback`,
      `http://127.0.0.1:${await freePort()}/callback`,
    ]
    await register(...uris)
    for (const redirect_uri of uris) {
      expect(audited.observes(redirect_uri)).toBe(true)
      const arrival = await visit({ redirect_uri })
      expect(arrival).toEqual(atCallback())
      expect(arrival.at === 'callback' && arrival.url.origin).toBe(new URL(redirect_uri).origin)
    }
    expect(audited.observes('https://app.example.com/callback')).toBe(false)
    expect(audited.observes('com.example.app:/callback')).toBe(false)
  })

  it('takes a refusal for one, and goes on by itself', async () => {
    await signIn()
    expect(await visit({ client_id: 'nobody' }, { expectsRefusal: true })).toMatchObject({ at: 'page', status: 400 })
    expect(await visit()).toEqual(atCallback())
  })

  it('asks the person where it cannot tell: at a page that it did not expect', async () => {
    const { page } = await signIn()
    const refused = visit({ client_id: 'nobody' })
    await page.getByRole('heading', { name: 'The server shows a page' }).waitFor()
    await page.getByRole('button', { name: 'It shows an error page' }).click()
    expect(await refused).toEqual({ at: 'page' })
    expect(await visit()).toEqual(atCallback())
  })

  it('asks the person where the server asks instead of refusing', async () => {
    const { page, second } = await signIn()
    const answered = visit({ prompt: 'login' }, { expectsRefusal: true })
    await page.getByRole('heading', { name: 'Does the second window show an error page?' }).waitFor()
    await signInAt(second)
    expect(await answered).toEqual(atCallback())
  })

  it('tells the server nothing of the page that shows the progress', async () => {
    const first = visit()
    const { page, second } = await open()
    await second.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await second.evaluate(() => document.referrer)).toBe('')
    await expect(second.evaluate(() => window.opener.location.href)).rejects.toThrow(/cross-origin/)
    await signInAt(second)
    await first
    expect(page.url()).toBe(audited.pageUrl)
  })
})

it('goes on by a link after the server cut off the second window (COOP)', async () => {
  server = await startAskingServer({}, true)
  audited = await loopbackBrowser({ redirectUri: server.redirectUri })
  const first = visit()
  const { page, second } = await open()
  await signInAt(second)
  expect(await first).toEqual(atCallback())
  // The window comes back by itself from an answer, but not from a page.
  expect(await visit()).toEqual(atCallback())
  expect(await visit({ client_id: 'nobody' }, { expectsRefusal: true })).toMatchObject({ at: 'page', status: 400 })
  const last = visit()
  await page.getByRole('link', { name: 'Open the second window again' }).click()
  expect(await last).toEqual(atCallback())
})

it('goes on by a link after the person closed the second window', async () => {
  server = await startAskingServer()
  audited = await loopbackBrowser({ redirectUri: server.redirectUri })
  // A browser of its own, which ends with the test: a command to close the window that a link opened does not end.
  const launched = await launcher.launch(launchOptions())
  try {
    const context = await launched.newContext()
    const page = await context.newPage()
    await page.goto(audited.pageUrl)
    const first = visit()
    const opening = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Start' }).click()
    const second = await opening
    await second.getByRole('button', { name: 'Sign in' }).waitFor()
    await second.close()
    const again = context.waitForEvent('page')
    await page.getByRole('link', { name: 'Open the second window again' }).click()
    await signInAt(await again)
    expect(await first).toEqual(atCallback())
  } finally {
    await launched.close()
  }
})

it('takes addresses that are pasted, and only those of the redirect URI', async () => {
  server = await startAskingServer()
  audited = await pasteBrowser({ redirectUri: 'http://localhost:9/callback' })
  await register(audited.redirectUri)
  expect(audited.observes('http://localhost:9/other')).toBe(true)
  expect(audited.observes('http://localhost:10/callback')).toBe(false)
  const first = visit()
  const { page, second } = await open()
  const landed = second.waitForEvent('requestfailed', (request) => request.url().startsWith(audited.redirectUri))
  await signInAt(second)
  const address = (await landed).url()
  await page.getByLabel('Address at which').fill('http://localhost:10/callback?code=x&state=y')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('That is no answer of the server').waitFor()
  await page.getByLabel('Address at which').fill(` ${address}\n`)
  await page.getByRole('button', { name: 'Send' }).click()
  const arrival = await first
  expect(arrival).toEqual(atCallback())
  expect(arrival.at === 'callback' && arrival.url.href).toBe(address)
})
