import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { listener } from '../../examples/lib/listener.js'
import { startWithRedis } from '../../examples/redis/serve.js'
import { startRedis } from '../helpers/redis.js'
import { until } from '../helpers/until.js'
import { signInAtProvider, useBrowser } from './browser.js'
import { TRAP_HOSTS, useTrap } from './hostile-forms.js'
import { describeServerExample, SESSION_COOKIE } from './server-example-suite.js'
import { SERVER_EXAMPLES } from './server-examples.js'

/** Tested elsewhere: by backend-for-frontend.test.ts, test/frameworks. */
const ELSEWHERE = ['backend-for-frontend', 'sveltekit']

it('the table has every example whose session is on the server', () => {
  const examples = new URL('../../examples/', import.meta.url).pathname
  const folders = readdirSync(examples).filter((folder) =>
    readdirSync(examples + folder, { recursive: true })
      .filter((path) => String(path).endsWith('.ts'))
      .some((path) => readFileSync(`${examples}${folder}/${path}`, 'utf8').includes('createServerSessionClient(')),
  )
  expect([...SERVER_EXAMPLES.map(({ folder }) => folder), ...ELSEWHERE].sort()).toEqual(folders)
})

for (const example of SERVER_EXAMPLES) describeServerExample(example)

describe('the same form, where a server does not ask who sends it', () => {
  let app: Server
  const browser = useBrowser(async () => {
    const cookie = (value: string, more = '') =>
      new Response(null, {
        headers: { 'set-cookie': `${SESSION_COOKIE}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax${more}` },
      })
    app = createServer(listener({ 'GET /': () => cookie('x'), 'POST /auth/sign-out': () => cookie('', '; Max-Age=0') }))
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve))
    const url = `http://localhost:${(app.address() as AddressInfo).port}`
    return { url, issuer: url, close: async () => void app.close().closeAllConnections() }
  })
  const fallInto = useTrap()

  it.each(TRAP_HOSTS)('signs people out from %s', async (host) => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(browser.url)
    expect(await context.cookies(browser.url)).toHaveLength(1)
    await fallInto(page, host, `${browser.url}/auth/sign-out`)
    await until(async () => (await context.cookies(browser.url)).length === 0)
  })
})

describe('two processes and Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  const browser = useBrowser(async () => {
    redis = await startRedis()
    return startWithRedis(0, redis)
  })
  afterAll(() => redis?.stop())

  it('begin a sign-in here and finish it there, and both know the session until one of them ends it', async () => {
    const page = await (await browser.newContext()).newPage()
    const processes = new Map<string, string | undefined>()
    page.on('response', async (response) => {
      const { origin, pathname } = new URL(response.url())
      if (origin === browser.url) processes.set(pathname, response.headers()['x-process'])
    })
    await page.goto(`${browser.url}/auth/sign-in`)
    await signInAtProvider(page, `${browser.url}/`)
    await page.getByText('Signed in as ada.').waitFor()
    const started = processes.get('/auth/sign-in')
    const finished = processes.get('/auth/callback')
    expect([Number(started) > 0, Number(finished) > 0, started !== finished]).toEqual([true, true, true])

    const whoSays = async () => {
      await page.goto(browser.url)
      return /Process (\d+) says so/.exec(await page.locator('body').innerText())?.[1]
    }
    expect(new Set([await whoSays(), await whoSays()])).toEqual(new Set([started, finished]))
    await page.getByText('Sign out').click()
    await page.locator('[type=submit][value=yes]').click()
    await page.getByText('Nobody is signed in.').waitFor()
    expect([await whoSays(), await whoSays()]).toEqual([undefined, undefined])
  })

  it('outlive a Redis that goes away and comes back', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${browser.url}/auth/sign-in`)
    await signInAtProvider(page, `${browser.url}/`)
    await redis.stop()
    // Nobody knows whether somebody is signed in.
    await until(async () => (await page.goto(browser.url))?.status() === 503)
    expect(await page.locator('body').innerText()).toContain('(storage_unavailable)')
    // A request without a session's cookie needs no Redis.
    expect((await fetch(browser.url)).status).toBe(200)

    redis = await startRedis(redis.port)
    await until(async () => (await page.goto(`${browser.url}/auth/sign-in`))?.url() === `${browser.url}/`)
    await page.getByText('Signed in as ada.').waitFor()
  })
})
