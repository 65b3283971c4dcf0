import { notApplicable, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import type { HarEntry } from '../har.js'
import { counted, type Finding, failure, type HarCheck, verdictOf } from '../har-check.js'
import { originOf } from '../hosts.js'
import { isTokenOf, readable, secretsFinder, tokensIn } from '../secrets.js'
import { challengeOf, parameter } from '../sign-ins.js'
import type { Traffic } from '../traffic.js'

/** Words that could be a verifier, or a JWT; more of them are no response of a sign-in. */
const MAX_WORDS = 5_000

export const harAppResponses: HarCheck = {
  id: 'har-app-responses',
  title: 'The responses of the app have no verifier and no tokens',
  severity: 'medium',
  sources: [rfc(10017, '6.1'), rfc(7636, '7.1')],
  sets: [],
  needs: 'bodies',
  reads:
    'The Set-Cookie headers and bodies of the responses of the app, not of the token endpoint: values whose digest is a code_challenge, and tokens of this server.',
  why: 'Where the server of an app keeps tokens, the browser needs none of them: scripts and extensions could take them. A verifier in a readable cookie protects nothing against whoever can read the cookie.',
  repair:
    'Keep verifier and tokens on the server, and give the browser a random session id; or encrypt what is in the cookie.',
  judge(traffic) {
    const { entries, hosts, isServerEndpoint, place } = traffic
    const own = entries.filter((entry) => hosts.app.has(originOf(entry.url)) && !isServerEndpoint(entry))
    const look = finder(traffic)
    const findings = own.flatMap((entry): Finding[] => [
      ...cookiesOf(entry).flatMap(({ name, value }) =>
        look(value, [[name, value]]).map((kind) =>
          failure(`${place(entry)} sets a cookie that has the ${kind} in readable form.`),
        ),
      ),
      ...(isText(entry)
        ? look(entry.responseBody, entry.responseFields).map((kind) =>
            failure(`The body of ${place(entry)} has the ${kind}.`),
          )
        : []),
    ])
    return verdictOf(
      findings,
      own.length
        ? pass(`${counted(own.length, 'response')} of the app without one.`)
        : notApplicable('No response of the app is in the recording.'),
    )
  },
}

/** Tells what a text has that it should not. */
function finder({ signIns, secrets, hosts }: Traffic) {
  const challenges = new Set(signIns.flatMap((signIn) => parameter(signIn, 'code_challenge') ?? []))
  const plain = new Set(
    signIns.flatMap((signIn) =>
      parameter(signIn, 'code_challenge_method') === 'S256' ? [] : (parameter(signIn, 'code_challenge') ?? []),
    ),
  )
  const nonces = new Set(signIns.flatMap((signIn) => parameter(signIn, 'nonce') ?? []))
  const issuers = new Set([...hosts.server].filter((origin) => !hosts.app.has(origin)))
  const known = secretsFinder(secrets.filter(({ kind }) => kind !== 'state' && kind !== 'code'))
  return (text: string, fields: HarEntry['responseFields']): string[] => {
    const found = new Set<string>(tokensIn(fields).map(({ kind }) => kind))
    const all = withBase64(readable(text))
    for (const kind of known(all)) found.add(kind)
    const words = all.match(/[\w.~-]{43,}/g) ?? []
    for (const word of words.slice(0, MAX_WORDS)) {
      for (const part of new Set([word, ...word.split(/[.~]/)]))
        if (part.length <= 128 && (challenges.has(challengeOf(part)) || plain.has(part))) found.add('verifier')
      if (isTokenOf(word, issuers, nonces)) found.add('token of the server')
    }
    return [...found]
  }
}

/** A cookie is often JSON in base64. */
function withBase64(text: string): string {
  const words = text.match(/[\w+/-]{40,}={0,2}/g) ?? []
  const opened = words.slice(0, MAX_WORDS).map((word) => Buffer.from(word, 'base64').toString())
  return [text, ...opened.filter((plain) => /^[\x20-\x7e\s]+$/.test(plain))].join('\n')
}

const cookiesOf = ({ responseHeaders }: HarEntry) =>
  responseHeaders
    .filter(([name]) => name === 'set-cookie')
    // Some recorders put all cookies of a response into one header, a line for each.
    .flatMap(([, value]) => value.split('\n'))
    .map((line) => {
      const [, name = '', value = ''] = /^\s*([^=;]*)=([^;]*)/.exec(line) ?? []
      return { name, value }
    })

/** Scripts, styles and pictures are the same for everybody. */
const isText = ({ responseHeaders }: HarEntry) =>
  !/javascript|css|image|font|wasm/i.test(responseHeaders.find(([name]) => name === 'content-type')?.[1] ?? '')
