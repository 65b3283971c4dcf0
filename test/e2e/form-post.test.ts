import { beforeEach, describe, expect, it } from 'vitest'
import { type AnyTab, BROWSERS } from './any-browser.js'
import { passProvider, useBrowser } from './browser.js'
import { type FormPostSite, type FormSite, formPostSite, formSite } from './form-site.js'

let site: FormSite
const start = async () => {
  site = await formSite()
  return site
}

describe.each(BROWSERS)('a form that posts to signIn or signOut, in %s', (_, use) => {
  const newTab = use(start)
  let tab: AnyTab

  beforeEach(async () => {
    tab = await newTab()
    site.posted.length = 0
  })

  async function post(page: string, path: string) {
    await tab.visit(page)
    await tab.click(`#${path}`)
    await tab.arrive(`${site.url}/${path}`)
    return site.posted[0]
  }

  it.each(['login', 'logout'])('is taken from a page of the app: /%s', async (path) => {
    expect(await post(`${site.url}/plain`, path)).toEqual({ origin: site.url, site: 'same-origin', status: 303 })
  })

  it.each(['login', 'logout'])('is taken from a page without referrers, with Origin: null: /%s', async (path) => {
    expect(await post(`${site.url}/strict`, path)).toEqual({ origin: 'null', site: 'same-origin', status: 303 })
  })

  it.each(['login', 'logout'])('is refused to another site, with and without referrers: /%s', async (path) => {
    const { status, ...sent } = (await post(`${site.foreign}/strict`, path)) ?? {}
    // `Origin` alone would not tell it from the app's own form.
    expect([sent, status]).toEqual([{ origin: 'null', site: 'cross-site' }, 403])
    site.posted.length = 0
    expect(await post(`${site.foreign}/plain`, path)).toEqual({ origin: site.foreign, site: 'cross-site', status: 403 })
  })
})

describe('a provider that posts its response from a page without referrers', () => {
  let app: FormPostSite
  const browser = useBrowser(async () => {
    app = await formPostSite()
    return app
  })
  beforeEach(() => {
    app.cameBack.length = 0
  })
  const fromNowhere = { origin: 'null', referer: null, site: 'cross-site' }

  /** Signs in, up to the post of the response, which is held back. @returns what would have been posted */
  async function responseOf(name: string) {
    const page = await (await browser.newContext()).newPage()
    const posted = new Promise<string>((resolve) => {
      page.route(app.callback, async (route) => {
        resolve(route.request().postData() ?? '')
        await route.abort()
      })
    })
    await page.goto(`${app.url}/login`)
    await passProvider(page, name)
    const body = await posted
    await page.unroute(app.callback)
    return { page, body }
  }
  /** A page of another site posts it, as if its visitor had clicked. */
  async function post(body: string, page?: Awaited<ReturnType<typeof responseOf>>['page']) {
    const on = page ?? (await (await browser.newContext()).newPage())
    await on.goto(`${app.foreign}/attack?${body}`)
    await on.click('#send')
    await on.waitForURL(app.callback)
    return app.cameBack.at(-1)
  }

  it('signs in', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${app.url}/login`)
    await passProvider(page)
    await page.waitForURL(app.callback)
    expect(app.cameBack).toEqual([{ ...fromNowhere, outcome: 'signed in: ada' }])
  })

  it('signs nobody in with the response of somebody else: no cookie, or that of another sign-in', async () => {
    const attacker = await responseOf('mallory')
    expect(new URLSearchParams(attacker.body).get('code')).toBeTruthy()
    expect(await post(attacker.body)).toEqual({ ...fromNowhere, outcome: 'unknown_state' })
    // The visitor is signing in, so their browser has a cookie; only not for this state.
    const victim = await responseOf('ada')
    expect(await post(attacker.body, victim.page)).toEqual({ ...fromNowhere, outcome: 'unknown_state' })
    // Neither sign-in is used up by that, and the same post signs in whom it belongs to.
    expect(await post(victim.body, victim.page)).toEqual({ ...fromNowhere, outcome: 'signed in: ada' })
    expect(await post(attacker.body, attacker.page)).toEqual({ ...fromNowhere, outcome: 'signed in: mallory' })
  })

  it('signs nobody in with the code of somebody else under a state of their own', async () => {
    const [attacker, victim] = [await responseOf('mallory'), await responseOf('ada')]
    const forged = new URLSearchParams(victim.body)
    forged.set('code', `${new URLSearchParams(attacker.body).get('code')}`)
    // The code is bound to the verifier of the sign-in that it came from.
    expect(await post(`${forged}`, victim.page)).toEqual({ ...fromNowhere, outcome: 'token_request_refused' })
  })
})
