import { oauthRefusal, ProofkeyError, redact, type Secrets } from '../../errors.js'
import { MAX_TOKEN_SECONDS } from '../../limits.js'
import type { Provider } from '../provider.js'
import { CHECK_ISSUER } from '../request.js'

/** A token response (RFC 6749 §5.1), in one form for all servers. The tokens are not checked yet. */
export interface TokenResponse {
  /** Empty if the provider may leave it out. */
  readonly accessToken: string
  /** In lower case. */
  readonly tokenType: string
  /** Undefined if the lifetime is not known. */
  readonly expiresAtMs: number | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly scope: string | readonly string[]
  /** As it came. */
  readonly authorizationDetails: unknown
  /** See `Tokens.other`. */
  readonly other: Readonly<Record<string, unknown>>
}

/**
 * Reads the response of the token endpoint. An optional member that is `null`, `false` or `""` counts as absent.
 * @throws `token_request_refused`, for an OAuth error at any status (RFC 6749 §5.2 requires 400, some send 200 or 403);
 * `token_response_invalid`
 */
export async function readTokenResponse(
  response: Response,
  secrets: Secrets,
  provider?: Provider,
  requestedScope?: string,
): Promise<TokenResponse> {
  const { status, headers } = response
  const type = headers.get('content-type') ?? ''
  const isJson = /^$|[/+]json *(;|$)/i.test(type)
  const text = await response.text()
  const sent = isJson ? parsed(text) : undefined
  const [body, standIn] = provider?.tokenResponse(sent, requestedScope) ?? [sent]
  const { error, access_token, token_type, expires_in, refresh_token, id_token, scope, ...other } = Object(body)
  const issued = [...secrets, access_token, refresh_token, id_token].filter(isText)
  if (isText(error) && error) throw oauthRefusal('token_request_refused', body, issued, hintFor(error))
  if (error)
    throw oauthRefusal(
      'token_response_invalid',
      { ...body, error: JSON.stringify(error) },
      issued,
      'Mend the server (RFC 6749 §5.2).',
    )
  // An empty body, or JSON without an error, is from the server; a page is from a proxy.
  if ([400, 401].includes(status) && /^\s*(\{|$)/.test(text))
    throw new ProofkeyError(
      'token_request_refused',
      `The server responded with status ${status} and no OAuth error.`,
      'Read the log of the server: the client, the code or refresh token may be wrong or used.',
    )
  if (status !== 200) throw tokenResponseInvalid(`it has status ${status}`)
  if (!isJson) throw tokenResponseInvalid(`its content type is ${redact(type, issued)}, not JSON`)
  const scopeText = [scope || 'none'].flat().every(isText) ? 'text' : {}
  const texts = {
    access_token: access_token || standIn,
    token_type,
    refresh_token: refresh_token || 'none',
    scope: scopeText,
  }
  for (const [name, value] of Object.entries(texts)) {
    if (!value || !isText(value))
      throw tokenResponseInvalid(
        `its ${name} is ${value ? 'no string' : 'missing'}`,
        name !== 'access_token' ? 'Mend the server (RFC 6749 §5.1).' : id_token && 'Request a scope of an API too.',
      )
  }
  // Without a refresh token, 0 means "never" at some servers.
  const seconds = isText(expires_in) && /^\d+$/.test(expires_in) ? Number(expires_in) : expires_in
  const repeatsSecret = (value: string) =>
    // A short one can be part of a word.
    issued.some((secret) => value === secret || (secret.length > 7 && value.includes(secret)))
  return {
    accessToken: access_token || '',
    tokenType: token_type.toLowerCase(),
    expiresAtMs:
      typeof seconds === 'number' && (seconds > 0 || (refresh_token && Number.isFinite(seconds)))
        ? Date.now() + Math.min(seconds, MAX_TOKEN_SECONDS) * 1000
        : undefined,
    refreshToken: refresh_token || undefined,
    idToken: (isText(id_token) && id_token) || undefined,
    scope: scope || '',
    authorizationDetails: other['authorization_details'],
    other: copyOf(other, (name, value) => isText(value) && (/(token|secret)$/i.test(name) || repeatsSecret(value))),
  }
}

export const tokenResponseInvalid = (what: string, hint = CHECK_ISSUER): ProofkeyError =>
  new ProofkeyError('token_response_invalid', `The token response was rejected: ${what}.`, hint)

const isText = (value: unknown): value is string => typeof value === 'string'

/** GitHub and Slack have names of their own for a wrong client. */
const hintFor = (error: string) =>
  /client/.test(error)
    ? 'Check clientId and clientAuth, its secret or key.'
    : /dpop/.test(error)
      ? 'Check the clocks.'
      : error === 'invalid_grant'
        ? 'Start a new sign-in; invalid_grant can mean a stolen code.'
        : undefined

/** A copy without what is left out; nothing of a value that is nested too deep to be written. */
function copyOf(members: object, isLeftOut: (name: string, value: unknown) => boolean) {
  try {
    return JSON.parse(JSON.stringify(members, (name, value) => (isLeftOut(name, value) ? undefined : value)))
  } catch {
    return {}
  }
}

/** Without `__proto__`, which a copy by assignment would use as its prototype. */
function parsed(json: string) {
  try {
    return JSON.parse(json, (name, value) => (name === '__proto__' ? undefined : value))
  } catch {}
}
