import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html } from '../../../src/audit/report/html.js'
import { markdown } from '../../../src/audit/report/markdown.js'
import { sarif } from '../../../src/audit/report/sarif.js'
import { auditHar, harChecks, isProofkeyError } from '../../../src/audit.js'
import { DEFECTS } from './defects.js'
import { harText, honestSignIn, type RawEntry } from './honest-recording.js'

/** The error of a file that cannot be read; nothing if it can. */
function refusal(text: unknown, name = 'app.har') {
  try {
    expect(auditHar([{ name, text: text as string }]).results).toHaveLength(harChecks.length)
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(`"${name}"`) })
    return error.message
  }
  return undefined
}

describe('a file that is no HAR', () => {
  it.each([
    ['no text', undefined, 'it has no text'],
    ['nothing', '', 'it is not JSON'],
    ['a page', '<!doctype html>', 'it is not JSON'],
    ['other JSON', '{"results":[]}', 'it is JSON but no HAR, the member "log" is missing'],
    ['null', 'null', 'it is JSON but no HAR, the member "log" is missing'],
    ['no entries', '{"log":{}}', 'it is no HAR, the member "log.entries" is not a list'],
    [
      'entries of something else',
      '{"log":{"entries":[1,{}]}}',
      'none of its entries has a request with an http(s) URL',
    ],
    ['too many entries', JSON.stringify({ log: { entries: Array(20_001).fill(0) } }), 'it has more than 20000 entries'],
    ['a huge text', ' '.repeat(200_000_001), 'it is longer than 200 million characters'],
  ])('is refused by its name: %s', (_, text, problem) => {
    expect(refusal(text)).toBe(`The recording "app.har" cannot be read: ${problem}.`)
  })

  it('is refused if it has more sign-ins than a person makes', () => {
    const signIns = Array.from({ length: 201 }, (_, count) => honestSignIn(`${count}`))
    expect(refusal(harText(...signIns))).toBe('The recording "app.har" has more than 200 sign-ins.')
  })
})

describe('a recording as some recorders make it', () => {
  const results = (text: string) =>
    Object.fromEntries(
      auditHar([{ name: 'app.har', text }]).results.map(({ id, result, observed }) => [id, { result, observed }]),
    )
  const honest = () => JSON.parse(harText(honestSignIn('first'), honestSignIn('second')))

  it('has a byte order mark, bodies in base64, params instead of text, and its entries in any order', () => {
    const har = honest()
    har.log.entries.forEach((entry: RawEntry & { startedDateTime: string }, count: number) => {
      entry.startedDateTime = new Date(count).toISOString()
      const { content } = entry.response
      Object.assign(content, { text: Buffer.from(content.text).toString('base64'), encoding: 'base64' })
      const { postData } = entry.request
      if (postData?.mimeType.includes('form'))
        entry.request.postData = {
          mimeType: postData.mimeType,
          params: [...new URLSearchParams(postData.text)].map(([name, value]) => ({ name, value })),
        }
    })
    har.log.entries.reverse()
    expect(Object.values(results(`\ufeff${JSON.stringify(har)}`)).filter(({ result }) => result !== 'pass')).toEqual([])
  })

  it('was saved without credentials or content: what they would show is inconclusive', () => {
    const har = honest()
    har.log.creator.name = 'WebInspector'
    for (const { request, response } of har.log.entries)
      for (const message of [request, response])
        message.headers = message.headers.filter(({ name }: { name: string }) => !/cookie|authorization/.test(name))
    expect(results(JSON.stringify(har))).toMatchObject({
      'har-client-secret': { result: 'inconclusive', observed: expect.stringContaining('without credentials') },
      'har-app-responses': { result: 'inconclusive' },
      'har-pkce': { result: 'pass' },
    })
    for (const { response } of har.log.entries) response.content = {}
    expect(results(JSON.stringify(har))).toMatchObject({
      'har-app-responses': { result: 'inconclusive', observed: expect.stringContaining('without content') },
      'har-token-no-store': { result: 'not_applicable' },
    })
  })
})

/** Puts any JSON in the place of some parts of an honest recording. */
const mutated = fc
  .array(fc.tuple(fc.nat(), fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }))), { minLength: 1, maxLength: 8 })
  .map((changes) => {
    const har = JSON.parse(harText(honestSignIn('any')))
    for (const [position, value] of changes) {
      const places: [Record<string, unknown>, string][] = []
      const visit = (node: Record<string, unknown>) => {
        for (const name of Object.keys(node)) {
          places.push([node, name])
          if (typeof node[name] === 'object' && node[name] !== null) visit(node[name] as Record<string, unknown>)
        }
      }
      visit(har)
      const [node, name] = places[position % places.length] ?? [{}, '']
      node[name] = value
    }
    return JSON.stringify(har)
  })

describe('a hostile recording', () => {
  it('is read or refused by its name', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => void refusal(text)))
    fc.assert(
      fc.property(mutated, (text) => void refusal(text)),
      { numRuns: 300 },
    )
  })

  it('may be as deep as it likes', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const { entries } = honestSignIn('deep')
    entries.me.response.content.text = deep
    entries.tracker.request.postData = { mimeType: 'application/json', text: deep }
    expect(refusal(harText({ entries }))).toBeUndefined()
  })
})

describe('a secret', () => {
  const defects = Object.values(DEFECTS).flatMap((named) => Object.values(named))
  const carrier = fc.constantFrom('path', 'query', 'referer', 'body', 'cookie', 'host', 'client_id', 'none')

  it('of any recording is in no report', () => {
    const input = fc.record({
      seed: fc.string({ minLength: 1 }),
      chosen: fc.subarray(defects, { maxLength: 4 }),
      carrier,
      target: fc.constantFrom('home', 'api', 'tracker', 'me' as const),
      secret: fc.constantFrom('code', 'state', 'nonce', 'verifier', 'accessToken', 'refreshToken', 'idToken' as const),
    })
    fc.assert(
      fc.property(input, ({ seed, chosen, carrier, target, secret }) => {
        const signIn = honestSignIn(seed)
        const { entries, secrets } = signIn
        // A client id is shown: only a value that the recording tells to be a secret can be kept out of it.
        if (carrier !== 'client_id') for (const { change } of chosen) change(signIn)
        const { request, response } = entries[target]
        const leak = secrets[secret]
        // A value that stands for nothing in this recording is no secret of it.
        fc.pre(harText({ entries }).includes(leak))
        if (carrier === 'path') request.url = new URL(`/x/${leak}/y`, request.url).href
        if (carrier === 'query') request.url += `?${leak}=${leak}`
        if (carrier === 'referer')
          request.headers.push({ name: 'referer', value: `https://x.example/${leak}?a=${leak}` })
        if (carrier === 'body') request.postData = { mimeType: 'text/plain', text: leak }
        if (carrier === 'cookie') response.headers.push({ name: 'set-cookie', value: `${leak}=${leak}` })
        if (carrier === 'host') request.url = `https://${leak.slice(0, 60)}.example.org/`
        if (carrier === 'client_id')
          entries.authorize.request.url = entries.authorize.request.url.replace('my-spa', encodeURIComponent(leak))
        const report = auditHar([{ name: 'app.har', text: harText({ entries }) }])
        const shown = [
          JSON.stringify(report),
          html(report),
          markdown(report).replaceAll('\\', ''),
          sarif(report),
        ].join()
        const found = Object.entries(secrets).filter(([, value]) =>
          shown.toLowerCase().includes(value.toLowerCase().slice(0, 40)),
        )
        expect(found.map(([name]) => name)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('would be found in a report', () => {
    expect(JSON.stringify(honestSignIn('x').entries)).toContain(honestSignIn('x').secrets.code)
  })
})
