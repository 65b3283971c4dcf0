import { type ErrorCode, oauthRefusal, ProofkeyError } from '../../errors.js'
import { MAX_CALLBACK_LENGTH } from '../../limits.js'
import type { Transaction } from './transaction.js'

/** Response parameters of RFC 6749 §4.1.2, RFC 9207 §2 and OpenID Connect Session Management §2; each may come once. */
const KNOWN = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']
/** What a code flow never gets: an implicit or hybrid answer, or a JARM object. */
const FOREIGN = ['access_token', 'id_token', 'token', 'response']

/** Errors that are an outcome to act on, and have a code of their own (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
const OUTCOME = /^(access_denied|(login|consent|interaction|account_selection)_required)$/

const OWN = new Set([...KNOWN, ...FOREIGN])

/** Without a prefix, `URLSearchParams` drops a `?` at the start, which belongs to the first name. */
const parse = (text: string) => new URLSearchParams(`&${text}`)

/**
 * Query and fragment together: an answer comes in one of them, and what comes in both came twice. Of a URL that is too
 * long to be a callback, only the beginning is read.
 */
export const callbackParameters = ({ search, hash }: URL): URLSearchParams =>
  new URLSearchParams([search, hash].flatMap((part) => [...parse(part.slice(1, MAX_CALLBACK_LENGTH + 1))]))

/** Tells a server's answer from any other URL. */
export const isCallback = (parameters: URLSearchParams): boolean =>
  ['code', 'error', 'access_token', 'id_token'].some((name) => parameters.has(name))

/** The URL without what a server adds to it; the rest stays as it was written, unless it is too long to be a callback. */
export function withoutCallbackParameters(url: URL): string {
  const clean = new URL(url)
  const strip = (part: string) => {
    if (url.href.length > MAX_CALLBACK_LENGTH) return ''
    const pairs = part.slice(1).split('&')
    const kept = pairs.filter((pair) => ![...parse(pair).keys()].some((name) => OWN.has(name)))
    // With its mark: without one, the setters take a mark that starts the text for theirs.
    return kept.length === pairs.length ? part : kept.join('&') && `${part[0]}${kept.join('&')}`
  }
  clean.search = strip(url.search)
  clean.hash = strip(url.hash)
  return clean.href
}

/**
 * Holds a callback against its transaction, in this order: form, issuer, state, redirect URI, error.
 * @returns the code
 * @throws `callback_malformed`, `callback_issuer_mismatch`, `unknown_state`, `redirect_uri_mismatch`, `access_denied`,
 * `login_required`, `consent_required`, `interaction_required`, `account_selection_required`, `authorization_failed`
 */
export function checkCallback(
  { server, state, redirectUri, codeVerifier, idToken }: Transaction,
  url: URL,
  parameters: URLSearchParams,
): string {
  if (url.href.length > MAX_CALLBACK_LENGTH) throw malformed(`is over ${MAX_CALLBACK_LENGTH} characters`)
  const foreign = FOREIGN.find((name) => parameters.has(name))
  if (foreign) throw malformed(`carries ${foreign}`)
  const repeated = KNOWN.find((name) => parameters.getAll(name).length > 1)
  if (repeated) throw malformed(`carries ${repeated} twice`)

  // RFC 9207 §2.4, compared as strings; an empty iss is a wrong one.
  const iss = parameters.get('iss')
  if (iss === null ? server.authorization_response_iss_parameter_supported : iss !== server.issuer) {
    throw new ProofkeyError(
      'callback_issuer_mismatch',
      `The callback names ${iss === null ? 'no' : 'another'} issuer: it may be a mix-up attack.`,
    )
  }
  if (parameters.get('state') !== state) throw unknownState()

  checkRedirectUri(redirectUri, url)

  const error = parameters.get('error')
  const code = parameters.get('code')
  if (error !== null) {
    const body = { error, error_description: parameters.get('error_description') }
    throw oauthRefusal(
      OUTCOME.test(error) ? (error as ErrorCode) : 'authorization_failed',
      'The server refused the sign-in',
      body,
      [state, code, idToken?.nonce, codeVerifier],
    )
  }
  if (!code) throw malformed('carries no code')
  return code
}

/**
 * Refuses a URL that is not the redirect URI, saying which part differs.
 * @throws `redirect_uri_mismatch`
 */
export function checkRedirectUri(redirectUri: string, callbackUrl: URL): void {
  const drift = driftedPart(new URL(redirectUri), callbackUrl)
  if (drift) {
    throw new ProofkeyError(
      'redirect_uri_mismatch',
      `Sent to ${redirectUri}, landed on ${callbackUrl.href.replace(/[?#].*/, '')}: the ${drift} differs.`,
      'Stop the proxy or router that rewrites it.',
    )
  }
}

/** RFC 8252 §8.10: a response at another URL was changed on its way, or belongs to another request. */
export function driftedPart(sent: URL, callbackUrl: URL): string | undefined {
  for (const part of ['protocol', 'username', 'password', 'hostname', 'port', 'pathname'] as const)
    if (sent[part] !== callbackUrl[part]) return part
  return [...sent.searchParams].every(([name, value]) => callbackUrl.searchParams.getAll(name).includes(value))
    ? undefined
    : 'search'
}

export const unknownState = (): ProofkeyError =>
  new ProofkeyError(
    'unknown_state',
    'No sign-in waits here for this callback.',
    'Start a new sign-in; if it recurs, check the storage.',
  )

export const malformed = (what: string): ProofkeyError =>
  new ProofkeyError('callback_malformed', `The callback ${what}.`)
