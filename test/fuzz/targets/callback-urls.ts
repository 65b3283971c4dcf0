import fc from 'fast-check'
import { MAX_CALLBACK_LENGTH } from '../../../src/limits.js'
import {
  callbackParameters,
  checkCallback,
  isCallback,
  withoutCallbackParameters,
} from '../../../src/protocol/authorize/callback.js'
import type { Transaction } from '../../../src/protocol.js'
import { around, hostileText, PROTOTYPE_KEYS } from '../arbitraries.js'
import { fuzzTarget } from '../target.js'
import { must, parsed, verdict } from '../verdict.js'

const ISSUER = 'https://as.example'
const STATE = 'the-state'
const CODE = 'the-code'
const REDIRECT_URI = 'https://app.example/callback?tenant=1'
const RESPONSE = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']
const FOREIGN = ['access_token', 'id_token', 'token', 'response']
const transaction = {
  server: { issuer: ISSUER, token_endpoint: `${ISSUER}/token`, authorization_response_iss_parameter_supported: true },
  redirectUri: REDIRECT_URI,
  state: STATE,
} as Transaction

/** A name or value as an attacker may write it: plain, with escapes that need not be, or hostile. */
const spelled = (...known: string[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...known) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(...known)
        .map((text) => text.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)),
    },
    { weight: 1, arbitrary: around(...known) },
    { weight: 1, arbitrary: hostileText },
  )
const parameter = fc
  .tuple(
    spelled(...RESPONSE, ...FOREIGN, 'tenant', 'tab', ...PROTOTYPE_KEYS),
    spelled(CODE, STATE, encodeURIComponent(ISSUER), ISSUER, 'access_denied', '1', ''),
    fc.constantFrom('=', '=', '=', '', '==', '%3d'),
  )
  .map(([name, value, sign]) => name + sign + value)
const honest = [`code=${CODE}`, `state=${STATE}`, `iss=${encodeURIComponent(ISSUER)}`]
const answer = fc.oneof(
  fc.array(parameter, { maxLength: 6 }),
  fc
    .tuple(fc.shuffledSubarray(honest, { minLength: 2 }), fc.array(parameter, { maxLength: 2 }))
    .map((parts) => parts.flat()),
)
const url = fc
  .record({
    place: fc.oneof(
      { weight: 6, arbitrary: fc.constant('https://app.example/callback') },
      { weight: 1, arbitrary: around('https://app.example', '/callback', 'https://', 'app.example') },
    ),
    query: fc.oneof(answer, fc.constant([])),
    fragment: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: answer }),
    separator: fc.constantFrom('&', '&', '&', '&&', ';'),
    tenant: fc.constantFrom('tenant=1&', 'tenant=1&', 'tenant=2&', ''),
  })
  .map(
    ({ place, query, fragment, separator, tenant }) =>
      `${place}?${tenant}${query.join(separator)}#${fragment.join(separator)}`,
  )
  .filter((text) => parsed(text) !== undefined)

/** RFC 1866 form decoding, written anew. */
function fields(text: string): [string, string][] {
  const decode = (part: string) => {
    const octets = Buffer.from(part.replaceAll('+', ' '), 'utf8').toString('latin1')
    const raw = octets.replace(/%([\da-f]{2})/gi, (_, octet) => String.fromCharCode(Number.parseInt(octet, 16)))
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(raw, 'latin1'))
  }
  return text.split('&').flatMap((pair): [string, string][] => {
    if (!pair) return []
    const at = pair.indexOf('=')
    return at < 0 ? [[decode(pair), '']] : [[decode(pair.slice(0, at)), decode(pair.slice(at + 1))]]
  })
}

/** A route of a hash router is the app's. */
const fragmentOf = ({ hash }: URL) => (/^#!?\//.test(hash) ? '' : hash.slice(1))

export const callbackUrls = fuzzTarget({
  name: 'callback-urls',
  arbitrary: url,
  async property(text) {
    const url = new URL(text)
    const sent = [...fields(url.search.slice(1)), ...fields(fragmentOf(url))]
    const all = (wanted: string) => sent.filter(([name]) => name === wanted).map(([, value]) => value)

    const result = await verdict(() => checkCallback(transaction, url, callbackParameters(url)))
    // Counted as it is encoded: one character may be nine.
    const tooLong = url.href.length > MAX_CALLBACK_LENGTH
    const right =
      !tooLong &&
      FOREIGN.every((name) => !all(name).length) &&
      RESPONSE.every((name) => all(name).length < 2) &&
      all('state')[0] === STATE &&
      all('iss')[0] === ISSUER &&
      !all('error').length &&
      !!all('code')[0] &&
      url.href.startsWith('https://app.example/callback?') &&
      fields(url.search.slice(1)).some(([name, value]) => name === 'tenant' && value === '1')
    must('given' in result === right, right ? 'refused an honest callback' : 'let a callback pass', result)
    if ('given' in result) must(result.given === all('code')[0], 'gives another code', result)

    const clean = withoutCallbackParameters(url)
    must(withoutCallbackParameters(new URL(clean)) === clean, 'cleans again what is clean', clean)
    const left = new URL(clean)
    const names = [...RESPONSE, ...FOREIGN]
    const kept = [...fields(left.search.slice(1)), ...fields(fragmentOf(url) && left.hash.slice(1))]
    must(!kept.some(([name]) => names.includes(name)), 'leaves a parameter of the answer', clean)
    must(!isCallback(callbackParameters(left)), 'still looks like a callback', clean)
    must(left.origin === url.origin && left.pathname === url.pathname, 'leads elsewhere', clean)
    const others = tooLong ? [] : sent.filter(([name]) => !names.includes(name))
    must(JSON.stringify(kept) === JSON.stringify(others), 'loses a parameter of the app', clean)
  },
})
