import { inconclusive, notApplicable, pass } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { fieldOf, parametersOf } from '../fields.js'
import { type HarEntry, headerOf } from '../har.js'
import { counted, type Finding, failure, type HarCheck, remark, verdictOf } from '../har-check.js'
import { originOf } from '../hosts.js'
import { readable, type Secret, secretsFinder, tokensIn } from '../secrets.js'
import { codeOf } from '../sign-ins.js'

const isToken = ({ kind }: Secret) => / token$/i.test(kind)

export const harTokenInUrl: HarCheck = {
  id: 'har-token-in-url',
  title: 'No URL has a token',
  severity: 'high',
  sources: [rfc(9700, '4.3.2'), rfc(6750, '5.3'), fapi2('5.3.4')],
  sets: ['rfc9700', 'fapi2'],
  reads: 'The query of every URL, and the query and fragment of every redirect.',
  why: 'Addresses end up in histories, logs of servers and proxies, and in the Referer header. A token there is a key left in the door.',
  repair: 'Send tokens in the Authorization header or in the body of a POST. Use response_type=code.',
  judge({ entries, secrets, hosts, place }) {
    const tokensOf = secretsFinder(secrets.filter(isToken))
    const kindIn = (url: URL) => {
      const named = tokensIn(parametersOf(url))[0]
      // RP-initiated logout sends the ID token to the server as id_token_hint.
      const query = readable(
        [...parametersOf(url)]
          .map(([name, value]) => (name === 'id_token_hint' && hosts.server.has(originOf(url)) ? '' : value))
          .join('\n'),
      )
      return named?.kind ?? tokensOf(query)[0]
    }
    const findings = entries.flatMap((entry): Finding[] => {
      const kind = kindIn(entry.url)
      const redirected = entry.location && kindIn(entry.location)
      return [
        ...(kind ? [failure(`A request to ${place(entry)} has in its URL: ${kind}.`)] : []),
        ...(redirected && entry.location
          ? [failure(`${place(entry)} redirects to ${place(entry.location)} and has in the URL: ${redirected}.`)]
          : []),
      ]
    })
    return verdictOf(findings, pass(`${counted(entries.length, 'request')} without one.`))
  },
}

export const harCodeInUrl: HarCheck = {
  id: 'har-code-in-url',
  title: 'The code leaves the address bar with the callback',
  severity: 'medium',
  sources: [rfc(9700, '4.2.4'), rfc(9700, '4.3.1')],
  sets: ['rfc9700'],
  reads: 'The URLs and the Referer headers of all requests after the callback.',
  why: 'A code that stays in the address goes out with each further request of the page and stays in the history. It should be gone before anything else is loaded.',
  repair:
    'Replace the URL first thing on the callback page (history.replaceState), load nothing else before, and send Referrer-Policy: no-referrer with it.',
  judge({ recordings, entries: all, signIns, place }) {
    const values = new Map(all.map((entry) => [entry, valuesOf(entry)]))
    const answered = signIns.filter((signIn) => codeOf(signIn) && signIn.arrivals.some(({ via }) => via !== 'redirect'))
    const findings = answered.flatMap((signIn): Finding[] => {
      const code = codeOf(signIn) ?? ''
      const has = (value: string) => value === code || (code.length >= 8 && value.includes(code))
      const landed = signIn.arrivals.filter(({ via }) => via !== 'redirect').at(-1)
      const { entries = [] } = recordings.find(({ entries }) => landed && entries.includes(landed.entry)) ?? {}
      return entries.slice(landed ? entries.indexOf(landed.entry) + 1 : 0).flatMap((entry): Finding[] => {
        const { url = [], referer = [] } = values.get(entry) ?? {}
        if (url.some(has)) return [failure(`The URL of a later request to ${place(entry)} still has the code.`)]
        // At other hosts it is a finding of `har-third-party` as well.
        return referer.some(has) ? [remark(`The Referer of a request to ${place(entry)} has the code.`)] : []
      })
    })
    return verdictOf(
      findings,
      answered.length
        ? pass(`After ${counted(answered.length, 'callback')}, no URL and no Referer has the code.`)
        : inconclusive('No callback with a code is in the recording.'),
    )
  },
}

/** The values of the parameters in the URL and in the Referer of a request. */
function valuesOf({ url, headers }: HarEntry) {
  const referer = headerOf(headers, 'referer')
  const values = (of: URL) => parametersOf(of).map(([, value]) => value)
  return { url: values(url), referer: URL.canParse(referer) ? values(new URL(referer)) : [] }
}

export const harThirdParty: HarCheck = {
  id: 'har-third-party',
  title: 'No third party gets a code, state, verifier or token',
  severity: 'high',
  sources: [rfc(9700, '4.2'), rfc(9700, '4.3'), asvs('V10.1.1')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3'],
  reads:
    'URL, Referer, other headers and body of each request to a host that is neither the app, the server nor an API.',
  why: 'Statistics, error trackers and advertisements often get the address of the page, or whole requests. What signs a person in must not be among it.',
  repair:
    'Load nothing of third parties on the callback page, clean the URL before anything else runs, and cut URLs and tokens from what trackers report.',
  judge({ entries, secrets, hosts, isThirdParty, place }) {
    const others = entries.filter(isThirdParty)
    const kindsOf = secretsFinder(secrets)
    const findings = others.flatMap((entry) => {
      const referer = headerOf(entry.headers, 'referer')
      const isApi = hosts.api.has(originOf(entry.url))
      const rest = entry.headers.filter(([name]) => !/^(referer|authorization)$/.test(name)).map(([, value]) => value)
      const parts = [
        ['URL', readable(entry.url.href)],
        ['Referer', readable(referer)],
        ['Authorization header', headerOf(entry.headers, 'authorization')],
        ['headers', readable(rest.join('\n'))],
        ['body', readable(entry.body)],
      ] as const
      return parts.flatMap(([part, text]) =>
        kindsOf(text)
          .filter((kind) => !(kind === 'access token' && (isApi || part === 'Authorization header')))
          .map((kind) =>
            part === 'Authorization header' && kind === 'ID token'
              ? remark(`An ID token is sent to ${place(entry)} as if it were an access token.`)
              : failure(`${place(entry)} gets the ${kind} (${part}).`),
          ),
      )
    })
    const count = new Set(others.map(({ url }) => url.host)).size
    return verdictOf(findings, pass(`${counted(count, 'other host')} in the recording; none gets one.`))
  },
}

export const harTokenNoStore: HarCheck = {
  id: 'har-token-no-store',
  title: 'Responses with tokens are not stored',
  severity: 'medium',
  sources: [rfc(6749, '5.1')],
  sets: [],
  reads: 'The Cache-Control header of each response that has tokens.',
  why: 'Without this header, browsers and proxies may keep the tokens on disk. Whoever uses the machine later can find them there.',
  repair: 'Send Cache-Control: no-store with each response that has a token.',
  judge({ entries, place, isServerEndpoint }) {
    const granted = entries.filter(
      (entry) =>
        tokensIn(entry.responseFields).length > 0 &&
        (isServerEndpoint(entry) || fieldOf(entry.responseFields, 'token_type')),
    )
    const findings = granted
      .filter(
        ({ responseHeaders }) =>
          !responseHeaders.some(([name, value]) => name === 'cache-control' && /\bno-store\b/i.test(value)),
      )
      .map((entry) => failure(`The response of ${place(entry)} has tokens and no Cache-Control: no-store.`))
    return verdictOf(
      findings,
      granted.length
        ? pass(`${counted(granted.length, 'response')} with no-store.`)
        : notApplicable('No response with tokens is in the recording.'),
    )
  },
}
