import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import MiniSearch from 'minisearch'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildSite } from '../../docs/.vitepress/build.js'
import { DIST, ENTRIES, manifest, REPOSITORY, ROOT } from '../../docs/.vitepress/paths.js'
import { ERROR_PAGES } from '../../src/errors.js'
import { launchOptions } from '../helpers/chromium.js'
import { errorCodes } from '../helpers/error-codes.js'

const html = (name: string) => readFileSync(DIST + name, 'utf8')
const pages = () =>
  readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.html') && name !== '404.html',
  )

/** The file that a host serves for a path. */
function fileOf(path: string): string | undefined {
  const name = decodeURIComponent(path).replace(/^\//, '')
  const names = name === '' || name.endsWith('/') ? [`${name}index.html`] : [name, `${name}.html`]
  return names.find((one) => existsSync(DIST + one))
}

const valuesOf = (text: string, attribute: string) =>
  [...text.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value.replaceAll('&amp;', '&'))

/** The links of a page that lead nowhere: to no file of the site, to no place in it, or to no file of the repository. */
function deadLinks(page: string): string[] {
  const text = html(page)
  return [...valuesOf(text, 'href'), ...valuesOf(text, 'src')].filter((link) => {
    const [source, file] = [`${REPOSITORY}/blob/main/`, `${REPOSITORY}/edit/main/`]
    for (const prefix of [source, file])
      if (link.startsWith(prefix)) {
        const name = decodeURI(link.slice(prefix.length).replace(/#.*/, ''))
        // The reference is made from the sources: its pages cannot be edited.
        return !existsSync(ROOT + name) && !name.startsWith('docs/api/')
      }
    if (/^(\w+:|\/\/)/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = fileOf(
      path ? posix.resolve(`/${posix.dirname(page)}`, path) + (path.endsWith('/') ? '/' : '') : `/${page}`,
    )
    if (!target) return true
    return !!anchor && !valuesOf(html(target), 'id').includes(decodeURIComponent(anchor))
  })
}

describe('the site', () => {
  // Minutes where two others build at the same time.
  beforeAll(() => buildSite(), 600_000)

  it('has all pages of the folders, and a reference for each entry point', () => {
    const found = pages()
    for (const folder of ['guide', 'providers', 'deploy', 'errors', 'migrate', 'contribute'])
      expect(found.filter((name) => name.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(0)
    for (const entry of ENTRIES) expect(found).toContain(`api/${entry === 'index' ? 'proofkey' : entry}.html`)
    expect(found).toContain('index.html')
  })

  it('has no link that leads nowhere', () => {
    const found = pages()
    expect(found.length).toBeGreaterThan(100)
    const dead = found.flatMap((page) => [...new Set(deadLinks(page))].map((link) => `${page}: ${link}`))
    expect(dead).toEqual([])
  })

  it('has a short address for each error code, that consoles print', () => {
    expect(ERROR_PAGES).toBe(`${manifest.homepage}/e/`)
    for (const code of errorCodes()) {
      const file = fileOf(new URL(ERROR_PAGES + code).pathname)
      const [, target = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(html(file ?? '')) ?? []
      expect(html(fileOf(target) ?? ''), code).toContain(`<code>${code}</code>`)
    }
  })

  it.each([
    ['offline_access', '/guide/page'],
    ['popup_blocked', '/errors/popup_blocked'],
    ['createResourceServer', '/api/resource-server'],
    ['Keycloak', '/providers/keycloak'],
  ])('finds %s without a network', async (word, page) => {
    const name = readdirSync(`${DIST}assets/chunks`).find((name) => name.startsWith('@localSearchIndex'))
    const { default: index } = (await import(`${DIST}assets/chunks/${name}`)) as { default: string }
    const search = MiniSearch.loadJSON(index, { fields: ['title', 'titles', 'text'], storeFields: ['title', 'titles'] })
    const found = search.search(word, { fuzzy: 0.2, prefix: true }).map(({ id }) => `${id}`.replace(/#.*/, ''))
    expect(found).toContain(page)
  })

  it('keeps the names in its tables whole on a phone, and scrolls the table, not the page', async () => {
    const browser = await chromium.launch(launchOptions())
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 800 } })
      await page.route('https://site.test/**', (route) =>
        route.fulfill({ path: DIST + (fileOf(new URL(route.request().url()).pathname) ?? '404.html') }),
      )
      for (const path of ['testing/', 'guide/session', 'migrate/oidc-client-ts', 'providers/', 'errors/']) {
        await page.goto(`https://site.test/${path}`)
        const codes = page.locator('.vp-doc td > code').filter({ hasText: /^[\w.()]{1,19}$/ })
        const lines = await codes.evaluateAll((all) => all.map((one) => [one.textContent, one.getClientRects().length]))
        expect(lines.length, path).toBeGreaterThan(1)
        expect(
          lines.filter(([, count]) => count !== 1),
          path,
        ).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
      }
    } finally {
      await browser.close()
    }
  })

  it('loads nothing from another site', () => {
    for (const page of ['index.html', 'guide/page.html', 'errors/timeout.html']) {
      const loaded = [...html(page).matchAll(/<(?:script|link|img)[^>]* (?:src|href)="(https?:[^"]+)"/g)]
      expect(loaded.map(([, url]) => url)).toEqual([])
    }
  })
})
