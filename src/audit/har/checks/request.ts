import { notApplicable, pass } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { type HarEntry, headerOf } from '../har.js'
import { counted, type Finding, failure, type HarCheck, remark, unclear, verdictOf } from '../har-check.js'
import { parameter, placeOf, redirectUriOf } from '../sign-ins.js'

/** The password of a Basic header. A public client may send its id with an empty one. */
function basicPassword({ headers }: HarEntry): string {
  const [, encoded = ''] = /^basic\s+(\S+)/i.exec(headerOf(headers, 'authorization')) ?? []
  const text = Buffer.from(encoded, 'base64').toString()
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : ''
}

export const harClientSecret: HarCheck = {
  id: 'har-client-secret',
  title: 'The browser sends no client secret',
  severity: 'high',
  sources: [rfc(6749, '2.1'), rfc(9700, '2.5'), rfc(8252, '8.5')],
  sets: ['rfc9700', 'fapi2'],
  needs: 'headers',
  reads: 'Whether a request has a client_secret, a client_assertion, or a Basic header at an endpoint of the server.',
  why: 'What the browser sends, every visitor can read. A secret that is known to all lets anybody act as the app.',
  repair:
    'Register the app as a public client and use PKCE, or redeem the code on a server of the app. Replace the secret: it is known.',
  judge(traffic) {
    const findings = traffic.entries.flatMap((entry): Finding[] => {
      const sent = [...entry.fields, ...entry.url.searchParams]
      const at = traffic.place(entry)
      const name = ['client_secret', 'client_assertion'].find((wanted) =>
        sent.some(([given, value]) => given === wanted && value),
      )
      if (name) return [failure(`The browser sends a ${name} to ${at}.`)]
      return traffic.isServerEndpoint(entry) && basicPassword(entry)
        ? [failure(`The browser sends a secret to ${at}, in a Basic header.`)]
        : []
    })
    return verdictOf(findings, pass('No request of the browser has one.'))
  },
}

export const harResponseType: HarCheck = {
  id: 'har-response-type',
  title: 'Tokens are not delivered in the authorization response',
  severity: 'high',
  sources: [rfc(9700, '2.1.2'), asvs('V10.4.4'), fapi2('5.3.3.2')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2'],
  reads: 'The response_type of each authorization request.',
  why: 'With the implicit and hybrid flows, tokens travel in addresses, where histories, scripts and logs can see them. Nothing ties them to the app that asked.',
  repair: 'Use response_type=code with PKCE.',
  judge(traffic) {
    const visible = traffic.signIns.filter((signIn) => parameter(signIn, 'response_type'))
    const findings = traffic.signIns.flatMap((signIn): Finding[] => {
      const types = (parameter(signIn, 'response_type') ?? '').split(' ')
      const at = traffic.place(signIn.entry)
      if (types.includes('token'))
        return [
          failure(
            `The request to ${at} asks for an access token in the response (${types.includes('code') ? 'hybrid' : 'implicit'} flow).`,
          ),
        ]
      if (types.includes('id_token')) return [remark(`The request to ${at} asks for an ID token in the response.`)]
      return signIn.hidden ? [unclear(`The parameters of the request to ${at} are not in the recording.`)] : []
    })
    return verdictOf(findings, pass(`${counted(visible.length, 'request')} with response_type=code.`))
  },
}

export const harRedirectExact: HarCheck = {
  id: 'har-redirect-exact',
  title: 'The response goes to the redirect URI that was sent, and stays there',
  severity: 'high',
  sources: [rfc(9700, '2.1'), rfc(9700, '4.1'), asvs('V10.4.1')],
  sets: ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3'],
  reads: 'Scheme, host, port and path of the redirect_uri, compared with each place that the response came to.',
  why: 'The code must go to the app and nowhere else. Each further stop can read it, log it, or pass it to somebody else.',
  repair:
    'Register the address where the response is to end, character by character, and send exactly that. Do not pass the response on by redirects.',
  judge({ signIns, place }) {
    const answered = signIns.filter((signIn) => redirectUriOf(signIn) && signIn.arrivals.length)
    const findings = answered.flatMap((signIn) => {
      const uri = redirectUriOf(signIn) as URL
      return signIn.arrivals
        .filter(({ url }) => placeOf(url) !== placeOf(uri))
        .map(({ url }) => failure(`The redirect_uri was ${place(uri)}, the response came to ${place(url)}.`))
    })
    if (answered.length || findings.length)
      return verdictOf(findings, pass(`${counted(answered.length, 'response')} at the redirect URI.`))
    const unknown = signIns.filter(({ arrivals }) => arrivals.length)
    return verdictOf(
      [unclear(unknown.length ? 'No redirect_uri is visible.' : 'No response to a sign-in is in the recording.')],
      notApplicable('No sign-in.'),
    )
  },
}
