import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { toRequest } from '../../../src/server/edge/node-http.js'
import { around, asHeaderText, HOSTS, hostileText, WHITE_SPACE } from '../arbitraries.js'
import { http1Server, http2Server, sendOctets } from '../node-servers.js'
import { fuzzTarget } from '../target.js'
import { must, parsed } from '../verdict.js'

/** What the adapter made of the last request that came in. */
type Made = { readonly request: unknown; readonly host: unknown } | { readonly error: unknown }
const last: { made: Made | undefined } = { made: undefined }
/** Here it is set by whatever runs meanwhile, which a compiler cannot see. */
const taken = () => last.made
const handle = (incoming: IncomingMessage) => {
  try {
    const { host, ':authority': authority } = incoming.headers
    last.made = { request: toRequest(incoming), host: host ?? authority }
  } catch (error) {
    last.made = { error }
  }
}
const [strict, lenient] = [http1Server(handle, false), http1Server(handle, true)]
const modern = http2Server(handle)

/** Where a head goes that names no host. */
const NOBODY = ['localhost', 'bad-request.invalid']

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'TRACK', 'M-SEARCH']
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  { weight: 4, arbitrary: fc.constantFrom(...METHODS, 'get', 'trace', 'Connect', 'PROPFIND', 'QUERY', 'PRI', 'X', '') },
)
const target = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('/', '/callback?code=a&state=b', '*', '//evil.example/x', '/a/../b', '') },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTS).map((host) => `http://${host}/x`) },
  { weight: 4, arbitrary: around('/', 'http:', 'https://', '//evil.example').map((text) => `/${text}`) },
  { weight: 1, arbitrary: around('/', 'http://', 'app.example:443') },
)
const host = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTS) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...HOSTS), fc.constantFrom(':0', ':65536', ':443', ':-1', ':8x', ':'))
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: around('app.example', ':443', 'xn--') },
)
const NAMES = [
  'cookie',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'origin',
  'sec-fetch-site',
  'content-type',
]
const MORE = [
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'connection',
  'te',
  'x',
  '__proto__',
  'host',
  'te ',
]
const header = fc.tuple(
  fc.constantFrom(...NAMES, ...MORE),
  fc.oneof(host, hostileText, fc.constantFrom('0', '5', 'chunked', '100-continue')),
)
const end = fc.oneof(
  { weight: 20, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\n ', ...WHITE_SPACE),
)

const head = fc.record({
  version: fc.oneof({ weight: 8, arbitrary: fc.constantFrom('1.1', '2') }, fc.constantFrom('1.0', '0.9', '3.0')),
  lenient: fc.boolean(),
  method,
  target,
  host,
  headers: fc.array(header, { maxLength: 4 }),
  end,
})

export const requestHeads = fuzzTarget({
  name: 'request-heads',
  arbitrary: head,
  async property({ version, lenient: leniently, method, target, host, headers, end }) {
    last.made = undefined
    if (version === '2') {
      const more = Object.fromEntries(headers.filter(([name]) => name !== '__proto__'))
      const place = method === 'CONNECT' ? {} : { ':path': target, ':scheme': 'http' }
      await modern.send({ ...more, ':method': method, ':authority': host, ...place })
    } else {
      const lines = [`${method} ${target} HTTP/${version}`, `Host: ${host}`, ...headers.map((pair) => pair.join(': '))]
      const octets = Buffer.from(asHeaderText(`${lines.join(end)}\r\n\r\nabcde`), 'latin1')
      await sendOctets(leniently ? lenient : strict, octets)
    }
    const came = taken()
    if (!came) return
    if ('error' in came) throw came.error
    const { request } = came
    if (request instanceof Response) {
      must(request.status === 400, 'an answer that is not documented', request.status)
      return
    }
    must(request instanceof Request, 'no Request')
    request.body?.cancel().catch(() => {})
    const url = new URL(request.url)
    must(url.protocol === 'http:' && !url.username && !url.password, 'another kind of URL', url)
    const right = [...NOBODY, parsed(`http://${came.host}`)?.host]
    must(right.includes(url.host), 'the host is of nobody’s asking', url, came.host)
  },
  close: modern.close,
})
