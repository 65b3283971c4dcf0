import { describe, expect, it } from 'vitest'
import { BAD_REQUEST_ORIGIN } from '../../../src/protocol/bad-request.js'
import { isFromOrigin, isSameOriginRequest, refuseStart } from '../../../src/server/edge/start-guard.js'

const APP = 'https://app.example'
const requestOf = (headers: Record<string, string>, method = 'GET', url = `${APP}/start`) =>
  new Request(url, { method, headers })
const navigation = (site: string, more: Record<string, string> = {}) => ({
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': site,
  ...more,
})

type Start = [string, Record<string, string>, string?]

describe.each(['sign-in', 'sign-out'] as const)('%s', (what) => {
  it.each<Start>([
    ['a link of this site', navigation('same-origin')],
    ['the address bar', navigation('none')],
    ['a link of a sub-domain', navigation('same-site')],
    ['a form of this site', navigation('same-origin', { origin: APP }), 'POST'],
    ['a form of this site without referrers', navigation('same-origin', { origin: 'null' }), 'POST'],
    ['a frame of this site', navigation('same-origin', { 'sec-fetch-dest': 'iframe' })],
    ['a program', {}],
    ['a program that posts', {}, 'POST'],
    ['a form of this site in an old browser', { origin: APP }, 'POST'],
    ['any link in an old browser', { referer: 'https://evil.example/' }],
  ])('is started by %s', (_, headers, method) => {
    expect(refuseStart(requestOf(headers, method), what, APP)).toBeUndefined()
  })

  it.each<[string, Record<string, string>, string, string?]>([
    ['a prefetch', navigation('same-origin', { 'sec-purpose': 'prefetch' }), 'is a prefetch'],
    ['a prerendered page', navigation('same-origin', { 'sec-purpose': 'prefetch;prerender' }), 'is a prefetch'],
    ['an old prefetch', navigation('same-origin', { purpose: 'prefetch' }), 'is a prefetch'],
    ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }, 'is not a navigation'],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'is not a navigation'],
    ['a frame', navigation('cross-site', { 'sec-fetch-dest': 'iframe' }), 'comes from a cross-site frame'],
    [
      'a frame of a sub-domain',
      navigation('same-site', { 'sec-fetch-dest': 'frame' }),
      'comes from a cross-site frame',
    ],
    ['a form', navigation('cross-site', { origin: APP }), 'comes from a cross-site form', 'POST'],
    ['a form of a sub-domain', navigation('same-site'), 'comes from a cross-site form', 'POST'],
    ['a form in an old browser', { origin: 'https://evil.example' }, 'comes from a cross-site form', 'POST'],
    ['a sandbox in an old browser', { origin: 'null' }, 'comes from a cross-site form', 'POST'],
  ])('is not started by %s', async (_, headers, cause, method) => {
    const { error, response } = refuseStart(requestOf(headers, method), what, APP)!
    expect(error).toMatchObject({
      code: 'start_refused',
      message: `The ${what} was rejected: the request ${cause}.`,
      hint:
        what === 'sign-in' ? 'Link to this URL, and let the user navigate to it.' : 'Send it by a form of this site.',
    })
    expect([response.status, response.headers.get('cache-control')]).toEqual([403, 'no-store'])
    expect(await response.text()).toBe(`Open this page directly to ${what.replace('-', ' ')}.`)
  })

  it('is not started by what is no valid request', async () => {
    const { error, response } = refuseStart(requestOf({}, 'GET', `${BAD_REQUEST_ORIGIN}/start`), what, APP)!
    expect(error.message).toBe(`The ${what} was rejected: the request has no valid Host and method.`)
    expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(await response.text()).toBe('Bad request.')
  })

  it.each<Start>([
    ['a link of this site', navigation('same-origin')],
    ['the user’s own hand', navigation('none')],
    ['a form of this site in an old browser', { origin: APP }, 'POST'],
  ])('for own pages alone is started by %s', (_, headers, method) => {
    expect(refuseStart(requestOf(headers, method), what, APP, 'own pages')).toBeUndefined()
  })

  it.each<Start>([
    ['a link of a sub-domain', navigation('same-site')],
    ['a request that does not say where it comes from', {}],
    ['a link in an old browser', { 'sec-fetch-mode': 'navigate' }],
  ])('for own pages alone is not started by %s', (_, headers, method) => {
    const refused = refuseStart(requestOf(headers, method), what, APP, 'own pages')
    expect(refused?.error.message).toBe(`The ${what} was rejected: the request is from no page of this origin.`)
    expect(refused?.response.status).toBe(403)
  })
})

it('a link of another site starts a sign-in, and no sign-out', () => {
  const request = () => requestOf(navigation('cross-site'))
  expect(refuseStart(request(), 'sign-in', APP)).toBeUndefined()
  expect(refuseStart(request(), 'sign-out', APP)?.error.message).toContain('comes from another site.')
})

describe('whose page sent a request', () => {
  it.each<[string, Record<string, string>, { isFromOrigin: boolean; isSameOrigin: boolean }]>([
    ['of this origin', { 'sec-fetch-site': 'same-origin' }, { isFromOrigin: true, isSameOrigin: true }],
    ['of the user', { 'sec-fetch-site': 'none' }, { isFromOrigin: true, isSameOrigin: false }],
    ['of a sub-domain', { 'sec-fetch-site': 'same-site' }, { isFromOrigin: false, isSameOrigin: false }],
    // The header that pages cannot set decides, also where the other is this origin.
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: APP }, { isFromOrigin: false, isSameOrigin: false }],
    ['that says nothing', { 'sec-fetch-site': '', origin: APP }, { isFromOrigin: false, isSameOrigin: false }],
    ['old, of this origin', { origin: APP }, { isFromOrigin: true, isSameOrigin: true }],
    ['old, of another', { origin: 'https://evil.example' }, { isFromOrigin: false, isSameOrigin: false }],
    ['old, of a sandbox', { origin: 'null' }, { isFromOrigin: false, isSameOrigin: false }],
    ['of a program', {}, { isFromOrigin: true, isSameOrigin: false }],
  ])('one %s', (_, headers, expected) => {
    const request = requestOf(headers)
    const found = {
      isFromOrigin: isFromOrigin(request, APP),
      isSameOrigin: isSameOriginRequest(request, APP),
    }
    expect(found).toEqual(expected)
  })

  it('is not asked of what is no valid request', () => {
    const request = requestOf({ 'sec-fetch-site': 'same-origin', origin: APP }, 'POST', `${BAD_REQUEST_ORIGIN}/`)
    expect(isSameOriginRequest(request, APP)).toBe(false)
  })
})
