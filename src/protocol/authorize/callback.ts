import { ticketSecret } from '../../crypto/ticket.js'
import { type ErrorCode, oauthRefusal, ProofkeyError, redact, type Secrets } from '../../errors.js'
import { MAX_CALLBACK_LENGTH } from '../../limits.js'
import type { Transaction } from './transaction.js'

/** Response parameters of RFC 6749 §4.1.2, RFC 9207 §2 and OpenID Connect Session Management §2; each at most once. */
const RESPONSE_PARAMETERS = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']
/** Parameters of other flows (implicit, hybrid, JARM), never part of a code response. */
const UNEXPECTED_PARAMETERS = ['access_token', 'id_token', 'token', 'response']

/** OAuth errors with their own error code, because apps handle them (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
const ERRORS_WITH_OWN_CODE = /^(access_denied|(login|consent|interaction|account_selection)_required)$/

const OWN = new Set([...RESPONSE_PARAMETERS, ...UNEXPECTED_PARAMETERS])

/** Without a prefix, `URLSearchParams` drops a `?` at the start, which belongs to the first name. */
const parse = (text: string) => new URLSearchParams(`&${text}`)

/** The fragment, unless it is the route of a hash router (`#/inbox?code=1`): a route is the app's. */
const responseFragment = ({ hash }: URL) => (/^#!?\//.test(hash) ? '' : hash)

/**
 * The parameters of query and fragment. A parameter in both counts as repeated. Of a URL that is too long to be a callback,
 * only the beginning is read.
 */
export const callbackParameters = (url: URL): URLSearchParams =>
  new URLSearchParams(
    [url.search, responseFragment(url)].flatMap((part) => [...parse(part.slice(1, MAX_CALLBACK_LENGTH + 1))]),
  )

/** Whether a URL's parameters are those of an authorization response. */
export const isCallback = (parameters: URLSearchParams): boolean =>
  ['code', 'error', 'access_token', 'id_token'].some((name) => parameters.has(name))

/** The parameters that no standard of this flow defines, as they came; the last one of each name. */
export const otherParameters = (parameters: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...parameters].filter(([name]) => !OWN.has(name)))

/** The URL without response parameters. The rest is not changed, unless the URL is too long to be a callback. */
export function withoutCallbackParameters(url: URL): string {
  const clean = new URL(url)
  const strip = (part: string) => {
    if (url.href.length > MAX_CALLBACK_LENGTH) return ''
    const pairs = part.slice(1).split('&')
    const kept = pairs.filter((pair) => ![...parse(pair).keys()].some((name) => OWN.has(name))).join('&')
    // With the `?` or `#`: otherwise the setter would strip one that belongs to the text.
    return kept && part[0] + kept
  }
  clean.search = strip(url.search)
  if (responseFragment(url)) clean.hash = strip(url.hash)
  return clean.href
}

/**
 * Checks a callback against its transaction, in this order: form, issuer, state, redirect URI, error.
 * @returns the code
 * @throws `callback_malformed`, `callback_issuer_mismatch`, `unknown_state`, `redirect_uri_mismatch`, `access_denied`,
 * `login_required`, `consent_required`, `interaction_required`, `account_selection_required`, `authorization_failed`
 */
export function checkCallback(
  { server, state, redirectUri, codeVerifier, idToken, idTokenHint }: Transaction,
  url: URL,
  parameters: URLSearchParams,
): string {
  if (url.href.length > MAX_CALLBACK_LENGTH) throw malformed(`is over ${MAX_CALLBACK_LENGTH} characters`)
  const foreign = UNEXPECTED_PARAMETERS.find((name) => parameters.has(name))
  if (foreign) throw malformed(`contains ${foreign}`, 'Allow only response_type=code.')
  const repeated = RESPONSE_PARAMETERS.find((name) => parameters.getAll(name).length > 1)
  if (repeated) throw malformed(`contains ${repeated} twice`)

  // RFC 9207 §2.4, compared as strings; an empty `iss` does not match.
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
    const errorCode = ERRORS_WITH_OWN_CODE.test(error) ? (error as ErrorCode) : 'authorization_failed'
    throw refused(errorCode, error, parameters, [ticketSecret(state), code, idToken?.nonce, codeVerifier, idTokenHint])
  }
  if (!code) throw malformed('contains no code')
  return code
}

/**
 * Compares a callback URL with the redirect URI; the error names the part that differs.
 * @throws `redirect_uri_mismatch`
 */
export function checkRedirectUri(redirectUri: string, callbackUrl: URL): void {
  const part = differingPart(new URL(redirectUri), callbackUrl)
  if (part) {
    throw new ProofkeyError(
      'redirect_uri_mismatch',
      `Sent to ${redirectUri}, arrived at ${redact(callbackUrl.href.replace(/[?#].*/, ''))}: the ${part} differs.`,
      'Correct redirectUri, or the proxy that rewrites it.',
    )
  }
}

/** RFC 8252 §8.10: a response at another URL was redirected, or belongs to another request. */
export function differingPart(sent: URL, callbackUrl: URL): string | undefined {
  for (const part of ['protocol', 'username', 'password', 'hostname', 'port', 'pathname'] as const)
    if (sent[part] !== callbackUrl[part]) return part
  return [...sent.searchParams].every(([name, value]) => callbackUrl.searchParams.getAll(name).includes(value))
    ? undefined
    : 'search'
}

export const unknownState = (): ProofkeyError =>
  new ProofkeyError(
    'unknown_state',
    'No pending sign-in has this state.',
    'Start a new sign-in; if it recurs, check the storage.',
  )

/**
 * The `unknown_state` of an OAuth error that came without `state`. It ends no sign-in, because anyone can make such a link.
 * All errors of the standards contain `_`; another one may be a parameter of the app.
 */
export function errorWithoutState(parameters: URLSearchParams): ProofkeyError | undefined {
  const error = parameters.get('error')
  return !parameters.has('state') && error?.includes('_') ? refused('unknown_state', error, parameters, []) : undefined
}

const refused = (code: ErrorCode, error: string, parameters: URLSearchParams, secrets: Secrets) =>
  oauthRefusal(code, { error, error_description: parameters.get('error_description') }, secrets)

export const malformed = (what: string, hint?: string): ProofkeyError =>
  new ProofkeyError('callback_malformed', `The callback ${what}.`, hint)
