import { createHash } from 'node:crypto'
import { ProofkeyError } from '../../errors.js'
import { claimsOf, type Fields, fieldOf, parametersOf, snakeCase } from './fields.js'
import { type HarEntry, headerOf, type Recording } from './har.js'

/** Where parameters of an authorization response were seen. */
export interface Arrival {
  readonly entry: HarEntry
  readonly url: URL
  readonly parameters: Fields
  /** In the `Location` of a redirect, in the query of a request, or in the form that a page posted. */
  readonly via: 'redirect' | 'query' | 'form'
}

/** A request that redeems the code. */
export interface TokenRequest {
  readonly entry: HarEntry
  /** `backend`: a server of the app takes the code from the page and redeems it out of sight. */
  readonly kind: 'token_endpoint' | 'backend'
  readonly verifier: string | undefined
}

/** One authorization request, and what became of it. */
export interface SignIn {
  readonly entry: HarEntry
  /** What the request asked for; of a pushed request, if the browser pushed it. */
  readonly parameters: Fields
  /** The parameters are not in the recording: the app's server pushed them, or they are in a signed request. */
  readonly hidden: boolean
  /** Each place that the response came to: the server's redirect, and the request of the callback. */
  readonly arrivals: Arrival[]
  readonly tokenRequests: TokenRequest[]
}

export const parameter = ({ parameters }: Pick<SignIn, 'parameters'>, name: string): string | undefined =>
  fieldOf(parameters, name)

export const asksForCode = (signIn: SignIn): boolean => /\bcode\b/.test(parameter(signIn, 'response_type') ?? 'code')

/** The code of the response, if it was seen. */
export const codeOf = ({ arrivals }: SignIn): string | undefined =>
  arrivals.map(({ parameters }) => fieldOf(parameters, 'code')).find((code) => code !== undefined)

export const redirectUriOf = (signIn: SignIn): URL | undefined => {
  const uri = parameter(signIn, 'redirect_uri')
  return uri !== undefined && URL.canParse(uri) ? new URL(uri) : undefined
}

/** Scheme, host, port and path: what is compared of redirect URIs and shown of any URL. */
export const placeOf = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`

/** More are no recording of a person. */
const MAX_SIGN_INS = 200

/**
 * The sign-ins of one recording, in their order.
 * @throws `config_invalid` if there are more than 200
 */
export function findSignIns({ name, entries }: Recording): SignIn[] {
  const signIns: SignIn[] = []
  const pushed = new Map<string, HarEntry>()
  for (const entry of entries) {
    if (entry.method === 'OPTIONS') continue
    const requestUri = isPushed(entry) && fieldOf(entry.responseFields, 'request_uri')
    if (requestUri) pushed.set(requestUri, entry)
    else {
      noteArrival(signIns, entry, requestArrival(entry))
      noteRequest(signIns, entry, pushed)
      noteTokenRequest(signIns, entry)
    }
    noteArrival(signIns, entry, redirectArrival(entry))
    if (signIns.length > MAX_SIGN_INS)
      throw new ProofkeyError(
        'config_invalid',
        `The recording "${name}" has more than ${MAX_SIGN_INS} sign-ins.`,
        'Record fewer in one file.',
      )
  }
  return signIns
}

/** RFC 9126: a request posted by the browser itself, answered in JSON. */
const isPushed = ({ method, responseFields }: HarEntry) =>
  method === 'POST' && fieldOf(responseFields, 'request_uri') !== undefined

function noteRequest(signIns: SignIn[], entry: HarEntry, pushed: ReadonlyMap<string, HarEntry>): void {
  const sent = [...entry.url.searchParams, ...(entry.method === 'POST' && !entry.sendsJson ? entry.fields : [])]
  const has = (name: string) => fieldOf(sent, name) !== undefined
  if (!has('client_id') || !(has('response_type') || has('request_uri')) || has('grant_type')) return
  if (answerIn(sent)) return
  const push = pushed.get(fieldOf(sent, 'request_uri') ?? '')
  const parameters = push ? [...push.fields, ...sent] : [...sent, ...claimsOf(fieldOf(sent, 'request') ?? '')]
  const hidden = !push && !has('response_type')
  // Many servers pass the request on to their own pages, with the same parameters.
  const continues = signIns.some(
    (other) =>
      !other.arrivals.length &&
      other.entry.url.origin === entry.url.origin &&
      IDENTITY.every((name) => fieldOf(parameters, name) === parameter(other, name)),
  )
  if (!continues) signIns.push({ entry, parameters, hidden, arrivals: [], tokenRequests: [] })
}

const IDENTITY = ['client_id', 'redirect_uri', 'state', 'nonce', 'code_challenge', 'response_type', 'request_uri']

const ANSWERS = ['code', 'error', 'id_token', 'access_token', 'response']

const answerIn = (parameters: Fields): boolean =>
  ANSWERS.some((name) => parameters.some(([given, value]) => given === name && value))

function requestArrival(entry: HarEntry): Arrival | undefined {
  const { url, fields, method, sendsJson, headers } = entry
  const query = parametersOf(url)
  if (answerIn(query) && /^https?:$/.test(url.protocol) && isNavigation(entry))
    return { entry, url, parameters: opened(query), via: 'query' }
  const isForm = method === 'POST' && !sendsJson && isNavigation(entry) && !headerOf(headers, 'authorization')
  const redeems = fields.some(([name]) => /^(grant_type|code_?verifier)$/i.test(name))
  return isForm && !redeems && answerIn(fields) ? { entry, url, parameters: opened(fields), via: 'form' } : undefined
}

/** A page or a frame is loaded, as far as the recorder tells. */
const isNavigation = ({ headers }: HarEntry) => /^(navigate|)$/.test(headerOf(headers, 'sec-fetch-mode'))

function redirectArrival(entry: HarEntry): Arrival | undefined {
  const { location } = entry
  const parameters = location ? parametersOf(location) : []
  return location && answerIn(parameters)
    ? { entry, url: location, parameters: opened(parameters), via: 'redirect' }
    : undefined
}

/** With the members of a signed response (JARM), which anybody can read. */
const opened = (parameters: Fields): Fields => [...parameters, ...claimsOf(fieldOf(parameters, 'response') ?? '')]

function noteArrival(signIns: readonly SignIn[], entry: HarEntry, arrival: Arrival | undefined): void {
  if (!arrival) return
  const { parameters, url, via } = arrival
  const state = fieldOf(parameters, 'state')
  const code = fieldOf(parameters, 'code')
  const isAtRedirectUri = (signIn: SignIn) => {
    const uri = redirectUriOf(signIn)
    return !!uri && placeOf(uri) === placeOf(url)
  }
  const latest = [...signIns].reverse()
  const follows = latest.find(
    ({ arrivals }) =>
      // A redirect that passes the response on, or the request that follows the server's redirect.
      arrivals.length > 0 &&
      ANSWERS.some((name) => {
        const value = fieldOf(parameters, name)
        return value !== undefined && arrivals.some((earlier) => fieldOf(earlier.parameters, name) === value)
      }) &&
      (code !== undefined || state === fieldOf(arrivals[0]?.parameters ?? [], 'state')),
  )
  if (follows) {
    const landed = follows.arrivals.some((earlier) => earlier.via !== 'redirect')
    if (!landed || via === 'redirect') follows.arrivals.push(arrival)
    return
  }
  const open = latest.filter(({ arrivals }) => !arrivals.length)
  const own =
    open.find((signIn) => state !== undefined && parameter(signIn, 'state') === state) ??
    open.find(isAtRedirectUri) ??
    (via === 'redirect' ? open.find((signIn) => signIn.entry.url.origin === entry.url.origin) : undefined)
  own?.arrivals.push(arrival)
}

function noteTokenRequest(signIns: readonly SignIn[], entry: HarEntry): void {
  const { fields, method } = entry
  if (method === 'GET' || method === 'HEAD' || !fields.length) return
  const grant = fieldOf(fields, 'grant_type')
  const values = new Set(fields.map(([, value]) => value))
  const verifierFor = verifierFinder(fields)
  const latest = [...signIns].reverse()
  const signIn =
    latest.find((candidate) => values.has(codeOf(candidate) ?? '')) ??
    latest.find((candidate) => verifierFor(candidate) !== undefined) ??
    (grant === 'authorization_code' ? latest[0] : undefined)
  if (!signIn || signIn.arrivals.some((arrival) => arrival.entry === entry)) return
  const verifier = verifierFor(signIn) ?? namedVerifier(fields)
  if (grant === 'authorization_code') signIn.tokenRequests.push({ entry, kind: 'token_endpoint', verifier })
  else if (grant === undefined && (verifier !== undefined || redirectUriOf(signIn)?.origin === entry.url.origin))
    signIn.tokenRequests.push({ entry, kind: 'backend', verifier })
}

const namedVerifier = (fields: Fields) => fields.find(([name]) => /^code_?verifier$/.test(snakeCase(name)))?.[1]

/** Finds the value that a sign-in's challenge was made of, whatever its name. */
function verifierFinder(fields: Fields): (signIn: SignIn) => string | undefined {
  const digests = fields
    .filter(([name, value]) => name !== 'code_challenge' && value.length <= MAX_VERIFIER_LENGTH)
    .map(([, value]) => ({ value, digest: challengeOf(value) }))
  return (signIn) => digests.find(({ value, digest }) => isVerifierOf(signIn, value, digest))?.value
}

/** Longer than is allowed, so that one that is too long is found. */
const MAX_VERIFIER_LENGTH = 1_000

/** Whether this text is the verifier of this sign-in. */
export const isVerifierOf = (signIn: SignIn, text: string, digest: string = challengeOf(text)): boolean => {
  const challenge = parameter(signIn, 'code_challenge')
  if (challenge === undefined || text === '') return false
  return digest === challenge || (parameter(signIn, 'code_challenge_method') !== 'S256' && text === challenge)
}

/** RFC 7636 §4.2. */
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
