import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkServerRedirectUri } from '../../../src/server/edge/callback-url.js'
import { type ForwardedHeaders, parseForwarded, requestedUrl } from '../../../src/server/edge/forwarded.js'
import { refusal } from '../../helpers/refusal.js'

const INNER = 'http://10.0.0.1:3000/callback?code=c'
const at = (headers: Record<string, string>, trust: ForwardedHeaders | undefined, url = INNER) =>
  requestedUrl(new Request(url, { headers }), trust).href

describe('the URL that the browser asked for, behind', () => {
  it.each<[string, number, Record<string, string>, string]>([
    ['no trusted proxy', 0, { 'x-forwarded-proto': 'https', forwarded: 'proto=https' }, INNER],
    ['one proxy', 1, { 'x-forwarded-proto': 'https' }, 'https://10.0.0.1:3000/callback?code=c'],
    [
      'one proxy that sends all',
      1,
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example', 'x-forwarded-port': '8443' },
      'https://app.example:8443/callback?code=c',
    ],
    [
      'one that names the port of its scheme',
      1,
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example', 'x-forwarded-port': '443' },
      'https://app.example/callback?code=c',
    ],
    [
      'one whose host has a port of its own',
      1,
      { 'x-forwarded-host': 'app.example:8080', 'x-forwarded-port': '9090' },
      'http://app.example:8080/callback?code=c',
    ],
    [
      'two that each add theirs: the client-facing one counts',
      2,
      { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'app.example, inner.example' },
      'https://app.example/callback?code=c',
    ],
    [
      'two, and what the browser made up before them does not count',
      2,
      {
        'x-forwarded-proto': 'http,https,http',
        'x-forwarded-host': 'evil.example, app.example, inner.example',
        'x-forwarded-port': '666, 443, 80',
      },
      'https://app.example/callback?code=c',
    ],
    [
      'two, the second of which passes on what the first sent',
      2,
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example' },
      'https://app.example/callback?code=c',
    ],
    [
      'two that each cut a prefix off',
      2,
      { 'x-forwarded-host': 'app.example', 'x-forwarded-prefix': '/evil, /shop/, /eu' },
      'http://app.example/shop/eu/callback?code=c',
    ],
    [
      'one that writes Forwarded',
      1,
      { forwarded: 'for=192.0.2.1;proto=https;host="app.example:8443"' },
      'https://app.example:8443/callback?code=c',
    ],
    [
      'two that write Forwarded, after a made-up one',
      2,
      {
        forwarded: 'proto=http;host=evil.example, For="[2001:db8::1]";Proto=HTTPS;Host=app.example, proto=http;host=b',
      },
      'https://app.example/callback?code=c',
    ],
  ])('%s', (_, hops, headers, url) => {
    expect(at(headers, hops ? { hops } : undefined)).toBe(url)
  })

  it.each([undefined, { hops: 1 }])('%j, is without a fragment: browsers send none', (trust) => {
    expect(at({}, trust, 'http://10.0.0.1:3000/callback?x=#&state=s&code=c')).toBe('http://10.0.0.1:3000/callback?x=')
  })

  it('proxies whose header is named takes no notice of the other', () => {
    const both = {
      forwarded: 'proto=https;host=app.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
    }
    expect(at(both, { hops: 1, header: 'forwarded' })).toBe('https://app.example/callback?code=c')
    expect(at(both, { hops: 1, header: 'x-forwarded' })).toBe('http://evil.example/callback?code=c')
    expect(at(both, { hops: 1 })).toBe('http://evil.example/callback?code=c')
    expect(at({ forwarded: both.forwarded }, { hops: 1, header: 'x-forwarded' })).toBe(INNER)
  })

  it.each<[string, Record<string, string>]>([
    ['a scheme that is none', { 'x-forwarded-proto': 'javascript' }],
    ['a host that is none', { 'x-forwarded-host': 'a b' }],
    ['a host with a path', { 'x-forwarded-host': 'evil.example/x' }],
    ['a host with user information', { 'x-forwarded-host': 'app.example@evil.example' }],
    ['a port that is none', { 'x-forwarded-port': '80x' }],
    ['a port that is too long', { 'x-forwarded-port': '000080' }],
    ['a prefix that is no path', { 'x-forwarded-prefix': 'app' }],
    ['a prefix with a query', { 'x-forwarded-prefix': '/app?x=' }],
    ['a Forwarded whose quotes are open', { forwarded: 'host="a, proto=https' }],
    ['a Forwarded that says one thing twice', { forwarded: 'proto=http;proto=https' }],
    ['a Forwarded in which a quoted string makes up a proxy', { forwarded: 'for="x, proto=https;host=evil.example"' }],
  ])('one proxy: %s is left aside', (_, headers) => {
    expect(at(headers, { hops: 1 })).toBe(INNER)
  })

  it.each<[string, Record<string, string>, string]>([
    ['a port', { 'x-forwarded-port': '@evil.example:80' }, 'http://app.example/'],
    ['a port', { 'x-forwarded-port': '80@evil.example' }, 'http://app.example/'],
    ['a prefix', { 'x-forwarded-prefix': '.evil.example/x' }, 'http://app.example/'],
    ['a prefix', { 'x-forwarded-prefix': '/a b' }, 'http://app.example/'],
  ])('%s does not change the host: %j', (_, headers, url) => {
    expect(at(headers, { hops: 1 }, 'http://app.example/')).toBe(url)
  })

  it('keeps the scheme of the request where none is forwarded, and takes one that is', () => {
    const over = (headers: Record<string, string>) => at(headers, { hops: 1 }, 'https://inner.example/callback')
    expect(over({ 'x-forwarded-host': 'app.example' })).toBe('https://app.example/callback')
    expect(over({ 'x-forwarded-proto': 'http' })).toBe('http://inner.example/callback')
    expect(over({ 'x-forwarded-proto': 'ftp' })).toBe('https://inner.example/callback')
    expect(over({})).toBe('https://inner.example/callback')
  })

  it('takes a port beside a host of IPv6', () => {
    const headers = { 'x-forwarded-host': '[2001:db8::1]', 'x-forwarded-port': '8443' }
    expect(at(headers, { hops: 1 })).toBe('http://[2001:db8::1]:8443/callback?code=c')
  })

  it('takes a port only where there is room for one', () => {
    expect(at({ 'x-forwarded-port': '99999' }, { hops: 1 }, 'http://app.example/')).toBe('http://app.example/')
  })

  it('any proxies: always a URL of http or https, and nothing before the trusted hops shows in it', () => {
    const value = fc.oneof(
      fc.constantFrom('https', 'http', 'app.example', '/x', '443', '"', ';', '=', 'host=evil'),
      fc.string(),
    )
    const list = fc.array(
      value.map((text) => text.replace(/[^ -~]/g, '')),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(
        fc.record({ proto: list, host: list, port: list, prefix: list, forwarded: list }),
        fc.integer({ min: 1, max: 3 }),
        ({ proto, host, port, prefix, forwarded }, hops) => {
          const headers = {
            'x-forwarded-proto': proto.join(),
            'x-forwarded-host': host.join(),
            'x-forwarded-port': port.join(),
            'x-forwarded-prefix': prefix.join(),
            forwarded: forwarded.join(';'),
          }
          const url = at(headers, { hops })
          expect(url).toMatch(/^https?:\/\//)
          expect(url).toMatch(/\/callback\?code=c$/)
          const spoofed = Object.fromEntries(
            Object.entries(headers).map(([name, sent]) => [name, `evil.example,${sent || 'x'}`]),
          )
          const trusted = Object.values(headers).map((sent) => (sent || 'x').split(',').length)
          if (trusted.every((count) => count >= hops) && !url.includes('evil'))
            expect(at(spoofed, { hops })).not.toContain('evil')
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('RFC 7239', () => {
  it.each<[string, object[] | undefined]>([
    ['for=192.0.2.43, for="[2001:db8:cafe::17]"', [{ for: '192.0.2.43' }, { for: '[2001:db8:cafe::17]' }]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
    ['for=_SEVKISEK , for=unknown;host="a\\"b;c,d"', [{ for: '_SEVKISEK' }, { for: 'unknown', host: 'a"b;c,d' }]],
    ['', [{}]],
    ['for', undefined],
    ['for=a b', undefined],
    ['for=a,', undefined],
    ['for="a', undefined],
    ['for=a;;proto=b', undefined],
    ['for=é', undefined],
    ['for=a;host', undefined],
    ['for="";host=""', [{ for: '', host: '' }]],
  ])('%j', (value, elements) => {
    expect(parseForwarded(value)).toEqual(elements)
  })

  it('reads back what a proxy writes', () => {
    const text = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) })
    fc.assert(
      fc.property(fc.array(fc.record({ for: text, host: text }), { minLength: 1, maxLength: 4 }), (elements) => {
        const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`
        const header = elements.map((each) => `for=${quoted(each.for)};host=${quoted(each.host)}`).join(', ')
        expect(parseForwarded(header)).toEqual(elements)
      }),
    )
  })
})

describe('the URL of a callback', () => {
  const check = (redirectUri: string, arrivedAt: string, trust?: ForwardedHeaders) =>
    checkServerRedirectUri(redirectUri, new URL(arrivedAt), { headers: new Headers(), trust })
  const ignored =
    'forwarded headers are ignored: set forwardedHeaders: { hops: n }, where n is the number of your proxies.'
  const received = 'Received: no Host and no forwarded header.'

  it.each([
    ['itself', 'https://app.example/callback', 'https://app.example/callback?code=c'],
    [
      'one with parameters of the app',
      'https://app.example/callback?tenant=1',
      'https://app.example/callback?code=c&tenant=1',
    ],
  ])('may be %s', (_, redirectUri, arrivedAt) => {
    expect(check(redirectUri, arrivedAt)).toBeUndefined()
  })

  it.each<[string, string, string, string]>([
    [
      'protocol',
      'https://app.example/callback',
      'http://app.example/callback?code=c',
      `TLS ends at a proxy. Configure it to forward the original (nginx: proxy_set_header X-Forwarded-Proto $scheme), or to send X-Forwarded-Proto; ${ignored} ${received}`,
    ],
    [
      'hostname',
      'https://app.example/callback',
      'https://inner.example/callback?code=c',
      `A proxy changes it. Configure it to forward the original (nginx: proxy_set_header Host $http_host), or to send X-Forwarded-Host; ${ignored} ${received}`,
    ],
    [
      'port',
      'https://app.example/callback',
      'https://app.example:8443/callback?code=c',
      `A proxy changes it. Configure it to forward the original (nginx: proxy_set_header Host $http_host), or to send X-Forwarded-Host or X-Forwarded-Port; ${ignored} ${received}`,
    ],
    [
      'pathname',
      'https://app.example/app/callback',
      'https://app.example/callback?code=c',
      `A proxy or router changes it. Configure it to forward the original (nginx: proxy_pass without a path), or to send X-Forwarded-Prefix; ${ignored} ${received}`,
    ],
    [
      'search',
      'https://app.example/callback?tenant=1',
      'https://app.example/callback?code=c',
      'A proxy or router drops parameters of the query. Configure it to forward the original (nginx: proxy_pass without a query).',
    ],
  ])('with another %s is refused, and the hint says what to set', async (part, redirectUri, arrivedAt, hint) => {
    const error = await refusal(() => check(redirectUri, arrivedAt), 'redirect_uri_mismatch')
    expect(error.hint).toBe(hint)
    expect(error.message).toBe(
      `The callback arrived at ${arrivedAt.replace(/[?].*/, '')} instead of ${redirectUri}: the ${part} differs.`,
    )
  })

  it.each([
    [1, 'the last value is used'],
    [2, 'the first of the last 2 values is used'],
  ])('behind %i trusted proxies, the hint says which value was read', async (hops, text) => {
    const work = () => check('https://app.example/callback', 'http://app.example/callback', { hops })
    expect((await refusal(work, 'redirect_uri_mismatch')).hint).toContain(`{"hops":${hops}}: of a list, ${text}.`)
  })
})

describe('the hint', () => {
  const landed = new URL('http://app.example/callback')
  const hintFor = async (headers: Record<string, string>, trust?: ForwardedHeaders) => {
    const sent = new Headers(headers)
    const check = () => checkServerRedirectUri('https://app.example/callback', landed, { headers: sent, trust })
    return (await refusal(check, 'redirect_uri_mismatch')).hint
  }

  it('says what was received, and which setting believes it', async () => {
    const hint = await hintFor({ host: 'app.example', 'x-forwarded-proto': 'https, http' })
    expect(hint).toContain('set forwardedHeaders: { hops: n }')
    expect(hint).toContain('Received: host: app.example; x-forwarded-proto: https, http.')
  })

  it('names no setting that is made already', async () => {
    const hint = await hintFor({ host: 'app.example', 'x-forwarded-proto': 'https, http' }, { hops: 1 })
    expect(hint).not.toContain('set forwardedHeaders')
    expect(hint).toContain('forwardedHeaders is {"hops":1}: of a list, the last value is used')
    expect(hint).toContain('x-forwarded-proto: https, http')
  })

  it('cuts what a stranger wrote', async () => {
    const hint = await hintFor({ 'x-forwarded-proto': `x${'y'.repeat(5000)}` }, { hops: 2 })
    expect(hint.length).toBeLessThan(1000)
  })
})
