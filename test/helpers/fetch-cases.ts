import { createDpop, createSigningKey } from '../../src/protocol.js'
import { createTokenFetch, type TokenFetchOptions } from '../../src/session/token-fetch.js'
import { tokenNamed } from './token-named.js'

type Given = Parameters<typeof globalThis.fetch>

const form = () => {
  const data = new FormData()
  data.set('a', '1')
  data.set('file', new Blob(['text'], { type: 'text/plain' }), 'a.txt')
  return data
}
const stream = () => new Blob(['streamed']).stream()
const aborted = () => AbortSignal.abort(new TypeError('enough'))

/** Everything that `fetch` can be given, and what shows at a server or in the outcome. */
export const fetchCases: Record<string, (url: string) => Given> = {
  'a string': (url) => [url],
  'a relative string': (url) => ['location' in globalThis ? new URL(url).pathname : url],
  'a URL': (url) => [new URL(url)],
  'a URL with query and fragment': (url) => [`${url}?a=1&a=2#b`],
  'a string and a method': (url) => [url, { method: 'DELETE' }],
  'a method in lower case': (url) => [url, { method: 'put', body: 'text' }],
  // One that Node's server knows: it refuses others unread, and whether that arrives as 400 or as a reset is chance.
  'a method of its own': (url) => [url, { method: 'MERGE', body: 'text' }],
  headers: (url) => [url, { headers: { 'x-own': '1', accept: 'text/plain' } }],
  'Headers, one of them twice': (url) => [
    url,
    {
      headers: new Headers([
        ['x-own', '1'],
        ['x-own', '2'],
      ]),
    },
  ],
  'a Request': (url) => [new Request(url)],
  'a Request with a method': (url) => [new Request(url, { method: 'DELETE' })],
  'a Request with a body': (url) => [new Request(url, { method: 'POST', body: 'text' })],
  'a Request with JSON': (url) => [
    new Request(url, { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/json' } }),
  ],
  'a Request with a form': (url) => [new Request(url, { method: 'POST', body: form() })],
  'a Request and a method': (url) => [new Request(url, { method: 'POST', body: 'text' }), { method: 'PUT' }],
  'a Request and headers': (url) => [new Request(url, { headers: { 'x-own': '1' } }), { headers: { 'x-other': '2' } }],
  'a Request and a body': (url) => [new Request(url, { method: 'POST', body: 'one' }), { body: 'other' }],
  'a Request and nothing': (url) => [new Request(url, { method: 'DELETE' }), {}],
  'a string and a Request': (url) => [
    url,
    new Request(`${url}/other`, { method: 'DELETE', headers: { 'x-own': '1' } }),
  ],
  'a Request and a Request': (url) => [new Request(url), new Request(url, { method: 'DELETE' })],
  'an object that only looks like a Request': (url) => [
    { url: 'https://other.example/', toString: () => url } as never,
  ],
  text: (url) => [url, { method: 'POST', body: 'text' }],
  bytes: (url) => [url, { method: 'POST', body: new Uint8Array([1, 2, 3]) }],
  'a blob': (url) => [url, { method: 'POST', body: new Blob(['text'], { type: 'text/x-own' }) }],
  'a form': (url) => [url, { method: 'POST', body: form() }],
  parameters: (url) => [url, { method: 'POST', body: new URLSearchParams({ a: '1' }) }],
  'nothing to POST': (url) => [url, { method: 'POST' }],
  'a body where none can be': (url) => [url, { body: 'text' }],
  'a stream': (url) => [url, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit],
  'a stream without duplex': (url) => [url, { method: 'POST', body: stream() }],
  'a Request with a stream': (url) => [
    new Request(url, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit),
  ],
  'a signal': (url) => [url, { signal: aborted() }],
  'a Request with a signal': (url) => [new Request(url, { signal: aborted() })],
  'a Request whose signal is taken away': (url) => [new Request(url, { signal: aborted() }), { signal: null }],
  'without cookies': (url) => [url, { credentials: 'omit' }],
  'a Request without cookies': (url) => [new Request(url, { credentials: 'omit' })],
  'past the cache': (url) => [url, { cache: 'no-store' }],
  'a Request past the cache': (url) => [new Request(url, { cache: 'reload' })],
  'same origin': (url) => [url, { mode: 'same-origin' }],
  'a Request of the same origin': (url) => [new Request(url, { mode: 'same-origin' })],
  'no redirect': (url) => [`${url}/redirect`, { redirect: 'error' }],
  'a Request with no redirect': (url) => [new Request(`${url}/redirect`, { redirect: 'error' })],
  'a redirect by hand': (url) => [new Request(`${url}/redirect`, { redirect: 'manual' })],
  'a redirect': (url) => [new Request(`${url}/redirect`)],
  'no referrer': (url) => [url, { referrer: '' }],
  'a Request with no referrer': (url) => [new Request(url, { referrer: '' })],
  'a Request with another referrer': (url) => [new Request(url, { referrer: '/elsewhere' })],
  'a referrer policy': (url) => [url, { referrerPolicy: 'no-referrer' }],
  'a Request with a referrer policy': (url) => [new Request(url, { referrerPolicy: 'no-referrer' })],
  'a Request with its origin as referrer': (url) => [new Request(url, { referrerPolicy: 'origin' })],
  integrity: (url) => [url, { integrity: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
  'a Request with integrity': (url) => [
    new Request(url, { integrity: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
  ],
  keepalive: (url) => [url, { method: 'POST', body: 'text', keepalive: true }],
  'a Request with keepalive': (url) => [new Request(url, { method: 'POST', body: 'text', keepalive: true })],
  'credentials in the URL': (url) => [url.replace('://', '://user:secret@')],
  'no URL': () => ['http://'],
  'data:': () => ['data:text/plain,hello'],
}

/** A fetch that makes a second request of what it was given: what was lost by it before. */
const spreading: typeof globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers ?? (input as Partial<Request>).headers)
  headers.set('authorization', 'Bearer token-1')
  return fetch(input, { ...init, headers })
}

export type FetchOutcomes = Record<string, Record<string, string>>

/** By name of the case: what came of it by plain `fetch`, and by the ways that add a token, and by more of them. */
export async function runFetchCases(
  url: string,
  more: Record<string, typeof globalThis.fetch> = {},
): Promise<FetchOutcomes> {
  const { origin } = new URL(url)
  const dpop = createDpop(createSigningKey)
  dpop.addClient('client')
  const tokens = (scheme: 'Bearer' | 'DPoP', send: TokenFetchOptions['send'], from = 1) =>
    createTokenFetch({
      pick: (at) => (at.origin === origin ? {} : undefined),
      plain: (request) => fetch(request),
      scheme,
      send,
      // The server of these cases takes the second one only.
      accessToken: async (_, rejected) => tokenNamed(`token-${rejected ? 1 : from}`),
      session: () => undefined,
      report: () => {},
    })
  const ways: Record<string, typeof globalThis.fetch> = {
    plain: (...given) => fetch(...given),
    spreading,
    bearer: tokens('Bearer', ({ copy }) => fetch(copy())),
    'bearer, with a 401 first': tokens('Bearer', ({ copy }) => fetch(copy()), 0),
    dpop: tokens('DPoP', ({ once, copy }) =>
      dpop.attempt('client', (by) => by.fetch!(copy()), { fetch: ((...g) => fetch(...g)) as typeof fetch, once }),
    ),
    'dpop.fetch': (input, init) => {
      const request = new Request(input, init)
      request.headers.set('authorization', 'DPoP token-1')
      return dpop.fetch(request)
    },
    ...more,
  }
  const outcomes: FetchOutcomes = {}
  for (const [name, given] of Object.entries(fetchCases)) {
    const byWay: Record<string, string> = {}
    for (const [way, fetch] of Object.entries(ways)) byWay[way] = await outcomeOf(async () => fetch(...given(url)))
    outcomes[name] = byWay
  }
  return outcomes
}

/** By way: the cases whose outcome is not that of plain `fetch`. */
export function differences(outcomes: FetchOutcomes): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [name, byWay] of Object.entries(outcomes))
    for (const [way, outcome] of Object.entries(byWay))
      if (outcome !== byWay['plain']) found[way] = [...(found[way] ?? []), name]
  return found
}

async function outcomeOf(work: () => Promise<Response>): Promise<string> {
  try {
    const response = await work()
    return `${response.status} ${response.type} ${await response.text()}`
  } catch (error) {
    return (error as Error).name
  }
}
