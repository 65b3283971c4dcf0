import { beforeEach, describe, expect, it } from 'vitest'
import { type AnyTab, BROWSERS } from './any-browser.js'
import { type FormSite, formSite } from './form-site.js'

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
