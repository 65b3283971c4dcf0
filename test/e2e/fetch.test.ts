import { describe, expect, it } from 'vitest'
import { differences, type FetchOutcomes } from '../helpers/fetch-cases.js'
import { useBrowser } from './browser.js'
import { fetchSite } from './fetch-site.js'
import { useFirefox } from './firefox.js'

const page = '/page?a=1'
/** What a second request made of a first one, with headers added, loses (Fetch §5.4). */
const lost = [
  'a string and a Request',
  'a Request and a Request',
  'a Request with no referrer',
  'a Request with another referrer',
  'a Request with a referrer policy',
  'a Request with its origin as referrer',
]

/** So that nothing is compared with nothing. */
function expectArrivals(outcomes: FetchOutcomes) {
  const plain = (name: string) => outcomes[name]?.['plain']
  expect(plain('a string and a Request')).toMatch(/"method":"DELETE".*"x-own":"1"/)
  expect(plain('a Request')).toContain(page)
  expect(plain('a Request with a referrer policy')).not.toContain(page)
  expect(plain('a Request with another referrer')).toContain('/elsewhere"')
  expect(plain('a Request with a form')).toContain('BOUNDARY')
  expect(plain('without cookies')).not.toContain('cookie')
  expect(plain('a string')).toContain('"cookie":"a=b"')
}

describe('what arrives with a token is what plain fetch sends, also where it is sent twice', () => {
  const chromium = useBrowser(fetchSite)
  const firefox = useFirefox(fetchSite)

  it('in Chromium', async () => {
    const tab = await (await chromium.newContext()).newPage()
    await tab.goto(chromium.url + page)
    const outcomes = await tab.evaluate(() => runCases())
    expectArrivals(outcomes)
    expect(differences(outcomes)).toEqual({ spreading: lost })
  })

  it('in Firefox', async () => {
    const tab = await (await firefox.newPerson()).newTab()
    await tab.goto(firefox.url + page)
    const outcomes = await tab.evaluate(() => runCases())
    expectArrivals(outcomes)
    // It streams no body, and sends the text "[object ReadableStream]"; the 401 comes back as to any stream.
    const streams = ['a stream', 'a stream without duplex']
    expect(differences(outcomes)).toEqual({ spreading: lost, 'bearer, with a 401 first': streams, dpop: streams })
  })
})
