import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Arrival, PersonBrowser } from '../../../src/audit.js'
import { loopbackBrowser, pasteBrowser, playwrightBrowser } from '../../../src/audit.js'
import { freePort, listen } from '../../helpers/loopback.js'

const AUTHORIZE = new URL('http://127.0.0.1:9/auth?state=the-state')

let browser: PersonBrowser
let origin: string
const stop = new AbortController()
beforeEach(async () => {
  const redirectUri = `http://127.0.0.1:${await freePort()}/callback`
  browser = await loopbackBrowser({ redirectUri })
  origin = new URL(redirectUri).origin
})
afterEach(() => browser.close())

/** Unlike `fetch` it can name another `Host` and `Origin`. */
async function send(
  url: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, async (response) =>
      resolve({ status: response.statusCode!, headers: response.headers, text: await text(response) }),
    )
    sent.on('error', reject).end(body)
  })
}

/** A visit that the second window has been sent on. */
async function startVisit(): Promise<{ arrival: Promise<Arrival> }> {
  const arrival = browser.visit(AUTHORIZE, {
    redirectUri: browser.redirectUri,
    expectsRefusal: false,
    signal: stop.signal,
  })
  const sent = await send(`${browser.pageUrl}next`)
  expect([sent.status, sent.headers['location']]).toEqual([303, AUTHORIZE.href])
  return { arrival }
}

describe('the page of the progress', () => {
  it('is at an address that nobody can guess', async () => {
    expect(new URL(browser.pageUrl).pathname).toMatch(/^\/[\w-]{43}\/$/)
    const guess = `${origin}/${'A'.repeat(43)}/`
    for (const name of ['', 'events', 'next']) expect((await send(guess + name)).status).toBe(404)
    expect((await send(browser.pageUrl)).status).toBe(200)
  })

  it('answers to its own names only (DNS rebinding)', async () => {
    for (const host of ['evil.example', `evil.example:${new URL(origin).port}`, '127.0.0.1', 'localhost:1'])
      expect([host, (await send(browser.pageUrl, { headers: { host } })).status]).toEqual([host, 421])
    const host = `localhost:${new URL(origin).port}`
    expect((await send(browser.pageUrl, { headers: { host } })).status).toBe(200)
  })

  it('takes posts of its own pages only', async () => {
    const url = `${browser.pageUrl}page-shown`
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
    ])
      expect((await send(url, { method: 'POST', headers: headers as Record<string, string> })).status).toBe(403)
    expect((await send(url, { method: 'POST', headers: { origin } })).status).toBe(204)
    expect((await send(`${browser.pageUrl}pasted`, { method: 'POST', headers: { origin } })).status).toBe(404)
  })

  it('lets no other script run, no frame hold it, and no address leave it', async () => {
    const { headers, text } = await send(browser.pageUrl)
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
    })
    expect(text).not.toContain(new URL(browser.pageUrl).pathname.slice(1, -1))
  })
})

describe('an answer', () => {
  it('is none without a request', async () => {
    expect((await send(`${browser.redirectUri}?code=a&state=b`)).status).toBe(404)
  })

  it.each([
    ['an image', { 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-dest': 'iframe' }],
    ['a page that is fetched early', { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' }],
  ])('is none of %s', async (_, headers) => {
    const { arrival } = await startVisit()
    expect((await send(`${browser.redirectUri}?code=a`, { headers: headers as Record<string, string> })).status).toBe(
      404,
    )
    await send(`${browser.redirectUri}?code=right`)
    const arrived = await arrival
    expect(arrived.at === 'callback' && arrived.parameters.get('code')).toBe('right')
  })
})

it('a form that is too large is not read', async () => {
  const { arrival } = await startVisit()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const large = send(browser.redirectUri, { method: 'POST', headers, body: `code=${'a'.repeat(1_000_000)}` })
  const outcome = await large.then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code,
  )
  expect(outcome).toSatisfy((value) => [413, 'ECONNRESET', 'EPIPE'].includes(value))
  const right = await send(browser.redirectUri, { method: 'POST', headers, body: 'code=right' })
  expect(right.status).toBe(200)
  expect(await arrival).toMatchObject({ at: 'callback' })
})

it('an answer to an earlier request does not count for the next one', async () => {
  const first = await startVisit()
  await send(`${browser.redirectUri}?code=first&state=the-state`)
  await first.arrival
  const url = new URL('http://127.0.0.1:9/auth?state=another')
  const arrival = browser.visit(url, { redirectUri: browser.redirectUri, expectsRefusal: false, signal: stop.signal })
  await send(`${browser.pageUrl}next`)
  await send(`${browser.redirectUri}?code=late&state=the-state`)
  await send(`${browser.redirectUri}?code=right&state=another`)
  const arrived = await arrival
  expect(arrived.at === 'callback' && arrived.parameters.get('code')).toBe('right')
})

describe('the redirect URI', () => {
  it('needs a free port', async () => {
    const taken = await listen((_, response) => response.end())
    const redirectUri = `http://127.0.0.1:${taken.port}/callback`
    await expect(loopbackBrowser({ redirectUri })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(`${taken.port}`),
    })
    await taken.close()
  })

  it('must be one of this machine, or of the web for pasting', async () => {
    for (const redirectUri of ['https://127.0.0.1/callback', 'http://app.example.com/callback', 'x'])
      await expect(loopbackBrowser({ redirectUri })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(pasteBrowser({ redirectUri: 'com.example:/callback' })).rejects.toMatchObject({
      code: 'config_invalid',
    })
  })
})

it('a browser that cannot be started is said with its repair', async () => {
  const starting = playwrightBrowser({ issuer: 'http://127.0.0.1:9', executablePath: '/nowhere/chromium' })
  await expect(starting).rejects.toMatchObject({
    code: 'config_invalid',
    hint: expect.stringContaining('CHROMIUM_PATH'),
  })
})
