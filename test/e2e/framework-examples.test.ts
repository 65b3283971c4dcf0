import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningExample } from '../../examples/lib/example.js'
import { startSolid } from '../../examples/solid/serve.js'
import { passProvider, useBrowser } from './browser.js'
import { type StartedCommand, startCommand } from './example-command.js'

/** Started by their commands, so that each is built once. Of Solid the tests use the provider too. */
const BY_COMMAND = ['angular', 'react', 'svelte', 'vue'] as const
const NAMES = [...BY_COMMAND, 'solid'] as const

const commands = new Map<string, StartedCommand>()
let solid: RunningExample
/** One browser for all. */
const browser = useBrowser(async () => {
  for (const name of BY_COMMAND) commands.set(name, await startCommand(`example:${name}`))
  solid = await startSolid(0)
  const close = async () => {
    for (const command of commands.values()) command.kill()
    await solid.close()
  }
  return { url: '', issuer: '', close }
})

let site: Pick<RunningExample, 'url' | 'issuer'>
let context: BrowserContext
let page: Page
/** The last URL that the provider sent the browser back to. */
let callback: string
let authorizations: number
let grants: string[]
let apiCalls: { status: number; token: string }[]
let revocations: number[]
let faults: string[]

beforeEach(async () => {
  context = await browser.newContext()
  authorizations = 0
  grants = []
  apiCalls = []
  revocations = []
  faults = []
  context.on('request', (request) => {
    if (request.url().startsWith(`${site.url}/callback?`)) callback = request.url()
    if (request.url().startsWith(`${site.issuer}/auth?`)) authorizations++
    const grant = new URLSearchParams(request.postData() ?? '').get('grant_type')
    if (grant) grants.push(grant)
  })
  context.on('response', (response) => {
    const { authorization = '' } = response.request().headers()
    if (response.request().method() !== 'POST') return
    if (response.url().endsWith('/revocation')) revocations.push(response.status())
    if (response.url().endsWith('/visits')) apiCalls.push({ status: response.status(), token: authorization.slice(7) })
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  context.on('console', (message) => {
    // What the page's own code or its policy brings about; not an icon that the provider lacks, nor the API's 401.
    const own = message.location().url.startsWith(site.url)
    if (own && ['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  page = await context.newPage()
})
afterEach(() => expect(faults).toEqual([]))

const says = (text: string, on = page) => on.getByText(text, { exact: true }).waitFor()
const warns = (text: string) => page.getByRole('alert').filter({ hasText: text }).waitFor()
const button = (label: string, on = page) => on.getByRole('button', { name: label, exact: true })
const link = (label: string, on = page) => on.getByRole('link', { name: label, exact: true })
const atProvider = () => page.locator('[name=login]').waitFor()

async function signIn(name = 'ada'): Promise<void> {
  await page.goto(`${site.url}/visits`)
  await passProvider(page, name)
  await says(`Signed in as ${name}.`)
}

describe.each(NAMES)('the example %s', (name) => {
  beforeEach(() => {
    site = commands.get(name) ?? solid
  })

  it('guards a route, keeps the session over a reload, calls the API, and signs out in all tabs', async () => {
    await page.goto(`${site.url}/visits`)
    await page.locator('a:has-text("Cancel")').click()
    await warns('access_denied: ')
    expect(page.url()).toBe(`${site.url}/`)
    await says('Nobody is signed in.')
    await link('Back to /visits').click()
    await passProvider(page)
    await says('Signed in as ada.')
    await button('Call the API').click()
    await says('The API has seen ada once.')
    expect(page.url()).toBe(`${site.url}/visits`)
    await page.reload()
    await says('Signed in as ada.')
    await button('Call the API').waitFor()
    expect([authorizations, grants]).toEqual([2, ['authorization_code']])

    const other = await context.newPage()
    await other.goto(site.url)
    await says('Signed in as ada.', other)
    await link('Visits', other).click()
    await button('Call the API', other).waitFor()
    expect(other.url()).toBe(`${site.url}/visits`)
    let loads = 0
    other.on('load', () => loads++)
    await button('Sign out').click()
    await says('Nobody is signed in.', other)
    expect(await button('Call the API', other).count()).toBe(0)
    // The provider asks whether its own session is to end too.
    await page.locator('[type=submit][value=yes]').click()
    await says('Nobody is signed in.')
    expect(page.url()).toBe(`${site.url}/`)
    expect(revocations).toEqual([200, 200])
    expect([authorizations, loads]).toEqual([2, 0])
  })

  it('guards a link, and stays where no sign-in can start', async () => {
    await context.route('**/.well-known/*', (route) => route.abort('connectionrefused'))
    await page.goto(`${site.url}/visits`)
    await warns('network_error: ')
    expect(page.url()).toBe(`${site.url}/`)
    await context.unroute('**/.well-known/*')
    await link('Visits').click()
    await atProvider()
    await page.goBack()
    await says('Nobody is signed in.')
    // Nor is a page that was opened by its address in the way back.
    await page.goto(`${site.url}/visits`)
    await atProvider()
    await page.goBack()
    await says('Nobody is signed in.')
    expect([page.url(), authorizations]).toEqual([`${site.url}/`, 2])
  })
})

describe('what the examples share', () => {
  beforeEach(() => {
    site = solid
  })

  it('gets a new token for one that the provider has destroyed, and says that the API is offline', async () => {
    await signIn('grace')
    await button('Call the API').click()
    await says('The API has seen grace once.')
    const { token = '' } = apiCalls[0] ?? {}
    await (await solid.provider.AccessToken.find(token))?.destroy()
    await button('Call the API').click()
    await says('The API has seen grace 2 times.')
    expect(apiCalls.map(({ status }) => status)).toEqual([200, 401, 200])
    expect(apiCalls.map((call) => call.token === token)).toEqual([true, true, false])
    expect(grants).toEqual(['authorization_code', 'refresh_token'])

    await context.route('**/visits', (route) => route.abort('connectionrefused'))
    await button('Call the API').click()
    await warns('Failed to fetch')
    await context.unroute('**/visits')
    await button('Call the API').click()
    await page.getByRole('status').filter({ hasText: 'The API has seen grace 3 times.' }).waitFor()
  })

  it('repeats a callback whose token request got no answer', async () => {
    await context.route('**/token', (route) => route.abort('connectionrefused'))
    await page.goto(`${site.url}/visits`)
    await passProvider(page, 'nobody')
    await warns('network_error: ')
    await context.unroute('**/token')
    await link('Try again').click()
    // Not everybody has a name.
    await says('Signed in as nobody.')
    expect(page.url()).toBe(`${site.url}/visits`)
  })

  it('tells of a callback that was used before, and the session goes on', async () => {
    await signIn()
    await page.goto(callback)
    await warns('already_completed: ')
    await says('Signed in as ada.')
    await link('Back to /').click()
    await says('Signed in as ada.')
  })
})

describe('the command', () => {
  beforeEach(() => {
    site = solid
  })

  it.each(BY_COMMAND)('example:%s prints a link that works, outlives bad requests, and ends', async (name) => {
    await commands.get(name)!.check()
  })
})
