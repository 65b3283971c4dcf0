import fc from 'fast-check'
import { sameOriginPath } from '../../../src/flow/return-to.js'
import { around, hostileText, WHITE_SPACE } from '../arbitraries.js'
import { fuzzTarget } from '../target.js'
import { must, parsed } from '../verdict.js'

const ORIGINS = ['https://app.example', 'http://localhost:8080']

const path = fc.oneof(
  around('/', '//', '.', '..', 'a/..', '%2e', '%2e%2e', 'evil.example', 'inbox', '\\').map((text) => `/${text}`),
  around('https:', 'javascript:', '//evil.example', '/inbox', 'https://app.example'),
  fc.tuple(fc.constantFrom(...WHITE_SPACE), around('/', 'evil.example')).map(([blank, text]) => `${blank}/${text}`),
  hostileText.map((text) => `/${text}`),
)

/** The text as different routers read it: as it is, and decoded once in each way that is about. */
function readings(text: string): string[] {
  const decoders = [
    decodeURI,
    decodeURIComponent,
    (text: string) => text.split('/').map(decodeURIComponent).join('/'),
    (text: string) => text.replace(/%([\da-f]{2})/gi, (_, octet) => String.fromCharCode(Number.parseInt(octet, 16))),
    // A router that leaves alone what it cannot decode.
    (text: string) => text.replace(/(%[\da-f]{2})+/gi, (run) => attempt(decodeURIComponent, run) ?? run),
  ]
  return [text, ...decoders.flatMap((decode) => attempt(decode, text) ?? [])]
}

function attempt(decode: (text: string) => string, text: string): string | undefined {
  try {
    return decode(text)
  } catch {
    return undefined
  }
}

export const returnTo = fuzzTarget({
  name: 'return-to',
  arbitrary: path,
  property(text) {
    const path = sameOriginPath(text)
    if (path === undefined) {
      must(!/^\/[\w/-]*$/.test(text) || text.includes('//'), 'refused an honest path')
      return
    }
    must(/^\/(?![/\\])[\x21-\x7e]*$/.test(path), 'no path that a header could carry', path)
    must(sameOriginPath(path) === path, 'says otherwise about what it gave', path, sameOriginPath(path))
    for (const origin of ORIGINS) {
      must(new URL(path, `${origin}/callback?code=x`).href.startsWith(`${origin}/`), 'leads elsewhere', path)
      for (const reading of readings(path)) {
        const leads = parsed(reading, origin)?.origin
        must(!leads || leads === origin, 'leads elsewhere once decoded', path, reading)
      }
    }
  },
})
