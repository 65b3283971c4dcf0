import { claimsOf, type Fields, parametersOf, snakeCase } from './fields.js'
import { type HarEntry, headerOf, type Recording } from './har.js'
import { codeOf, parameter, type SignIn } from './sign-ins.js'

export type SecretKind = 'code' | 'state' | 'verifier' | 'access token' | 'refresh token' | 'ID token'

/** A value of the recording that must stay between the browser, the app and the authorization server. */
export interface Secret {
  readonly kind: SecretKind
  readonly value: string
}

/** A shorter value would be found by chance. */
const SHORTEST = 8
/** From this length on, a piece of base64 is no chance. */
const SHORTEST_IN_BASE64 = 16
const MAX_SECRETS = 2_000

const TOKEN_KINDS: Readonly<Record<string, SecretKind>> = {
  access_token: 'access token',
  refresh_token: 'refresh token',
  id_token: 'ID token',
}

/** The members of these fields that are tokens by their name. */
export const tokensIn = (fields: Fields): { kind: SecretKind; value: string; name: string }[] =>
  fields.flatMap(([name, value]) => {
    const kind = TOKEN_KINDS[snakeCase(name)]
    return kind && value.length >= SHORTEST ? [{ kind, value, name }] : []
  })

/** The codes, states, verifiers and tokens of the recordings. */
export function findSecrets(recordings: readonly Recording[], signIns: readonly SignIn[]): Secret[] {
  const found = new Map<string, SecretKind>()
  const add = (kind: SecretKind, value: string | undefined) => {
    if (value !== undefined && value.length >= SHORTEST && found.size < MAX_SECRETS && !found.has(value))
      found.set(value, kind)
  }
  for (const signIn of signIns) {
    add('code', codeOf(signIn))
    for (const { verifier } of signIn.tokenRequests) add('verifier', verifier)
    for (const { parameters } of signIn.arrivals) for (const { kind, value } of tokensIn(parameters)) add(kind, value)
    add('state', parameter(signIn, 'state'))
  }
  for (const { entries } of recordings)
    for (const { responseFields, fields } of entries)
      for (const { kind, value } of [...tokensIn(responseFields), ...tokensIn(fields)]) add(kind, value)
  return [...found].map(([value, kind]) => ({ kind, value }))
}

/**
 * Makes a function that finds these secrets in a text, also those in base64, in one pass: a hostile recording has many
 * secrets and many texts.
 */
export function secretsFinder(secrets: readonly Secret[]): (text: string) => SecretKind[] {
  const byStart = new Map<string, { form: string; kind: SecretKind }[]>()
  for (const { value, kind } of secrets)
    for (const form of [value, ...(value.length >= SHORTEST_IN_BASE64 ? base64Cores(value) : [])]) {
      const start = form.slice(0, SHORTEST)
      byStart.set(start, [...(byStart.get(start) ?? []), { form, kind }])
    }
  return (text) => {
    const found = new Set<SecretKind>()
    for (let at = 0; at + SHORTEST <= text.length; at++)
      for (const { form, kind } of byStart.get(text.slice(at, at + SHORTEST)) ?? [])
        if (text.startsWith(form, at)) found.add(kind)
    return [...found]
  }
}

/** What base64 makes of a value inside a longer text, at each of the three alignments. */
function base64Cores(value: string): string[] {
  const cores = [0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${value}`).toString('base64')
    // The first and the last group depend on the neighbours.
    return encoded.replace(/=+$/, '').slice(before && 4, -4)
  })
  return [...new Set(cores.flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')]))]
}

/** A text as it is and without percent-encoding and escaped slashes, in which secrets are looked for. */
export function readable(text: string): string {
  const once = decoded(text)
  return once === text ? text : [text, once, decoded(once)].join('\n')
}

const decoded = (text: string): string =>
  text.replaceAll('\\/', '/').replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })

/** Values that are never to be printed, besides the secrets that are looked for. */
export function furtherSecrets({ headers, responseHeaders, fields, url, location }: HarEntry): string[] {
  const credentials = headerOf(headers, 'authorization').split(' ').slice(1)
  const cookies = [
    headerOf(headers, 'cookie'),
    ...responseHeaders.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
  ]
    .flatMap((cookie) => cookie.split(';'))
    .map((cookie) => cookie.slice(cookie.indexOf('=') + 1).trim())
  const sent = [...fields, ...parametersOf(url), ...(location ? parametersOf(location) : [])]
  const named = sent.filter(([name]) =>
    /secret|assertion|password|token|^code$|^state$|verifier|nonce|ticket|session/i.test(name),
  )
  const whole = [...credentials, ...cookies, ...named.map(([, value]) => value)]
  // A cookie can be made of several secrets.
  const pieces = cookies.flatMap((cookie) => readable(cookie).match(/[\w-]{16,}/g) ?? [])
  return [...whole, ...pieces].filter((value) => value.length >= SHORTEST)
}

/** Whether a text is a signed token of this kind of sign-in: it carries the nonce, or was issued by the server. */
export function isTokenOf(text: string, origins: ReadonlySet<string>, nonces: ReadonlySet<string>): boolean {
  const claims = claimsOf(text)
  return claims.some(
    ([name, value]) =>
      (name === 'iss' && URL.canParse(value) && origins.has(new URL(value).origin)) ||
      (name === 'nonce' && nonces.has(value)),
  )
}
