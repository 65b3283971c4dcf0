import { ProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import type { Fetch } from '../protocol/request.js'
import { type RequestCopies, requestCopies } from '../protocol/request-copies.js'
import { type Challenge, challengeOf } from '../protocol/resource/challenge.js'
import { scopes } from '../protocol/scope.js'
import { type AccessToken, type AccessTokenOptions, type Session, type TokenFacts, userOf } from './session-record.js'
import { nobody } from './token-source.js'

/** What is used of an access token. */
type SentToken = TokenFacts & Pick<AccessToken, 'accessToken'>

/** Judges an API's challenge against the token that was sent; see `stepUp`. */
export type ChallengeCheck = (challenge: Challenge, token: TokenFacts) => void

export interface TokenFetchOptions {
  /** Names the token for a URL; undefined to send the request without one. */
  readonly pick: (url: URL) => AccessTokenOptions | undefined
  /** Sends a request without a token. */
  readonly plain: (request: Request) => Promise<Response>
  /** How tokens are sent. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** Sends a request, with what its token needs besides. */
  readonly send: (copies: RequestCopies) => Promise<Response>
  readonly accessToken: (
    wish: AccessTokenOptions & { readonly signal?: AbortSignal | undefined },
    rejected?: string,
  ) => Promise<SentToken>
  readonly session: () => Session | undefined
  readonly check?: ChallengeCheck | undefined
  readonly report: (event: EventBody) => void
}

/** After an API has rejected a new token too, its 401 responses cause no refresh for this time. */
const PATIENCE_MS = 60_000

/** `fetch` that sends requests with the session's access tokens. */
export function createTokenFetch({
  pick,
  plain,
  scheme,
  send,
  accessToken,
  session,
  check,
  report,
}: TokenFetchOptions): Fetch {
  /** By origin: until then a 401 response is returned without a refresh. */
  const patientUntilMs: Record<string, number> = {}

  /** Identifies the user, or, in a session without claims, the sign-in. */
  const whose = () => {
    const now = session()
    return userOf(now?.claims) ?? now?.startedAtMs
  }

  /** Sends a request with the access token that `wish` names. */
  async function authorized(wish: AccessTokenOptions, copies: RequestCopies): Promise<Response> {
    const { url, signal } = copies.request
    const { origin } = new URL(url)
    let before = whose()

    const tokenOtherThan = async (rejected?: string) => {
      const token = await accessToken({ ...wish, signal }, rejected).catch((error) => {
        signal.throwIfAborted()
        throw error
      })
      before ??= whose()
      // Do not send the request of one user with the token of another.
      if (whose() !== before) throw nobody('Another user has signed in in the meantime.')
      return token
    }

    const sendWith = async (token: SentToken) => {
      const copy = () => {
        const request = copies.copy()
        request.headers.set('authorization', `${scheme} ${token.accessToken}`)
        return request
      }
      const response = await send({ ...copies, copy })
      if (response.status !== 401 && response.status !== 403) return response
      try {
        judgeChallenge(challengeOf(response, [token.accessToken]), token, { endpoint: origin, check, report })
      } catch (error) {
        response.body?.cancel().catch(() => {})
        throw error
      }
      return response
    }

    const token = await tokenOtherThan()
    const refused = await sendWith(token)
    // Another token does not help if the proof was rejected.
    if (refused.status !== 401 || /_dpop_/.test(challengeOf(refused).error ?? '')) return refused
    if (Date.now() < (patientUntilMs[origin] ?? 0)) return refused
    const renewed = await tokenOtherThan(token.accessToken)
    // A stream cannot be sent again; the next request has the new token.
    if (renewed.accessToken === token.accessToken || copies.once) return refused
    refused.body?.cancel().catch(() => {})
    // Retry once: an API that rejects the new token too would reject a third one (RFC 6750 §3.1).
    const response = await sendWith(renewed)
    if (response.status === 401) patientUntilMs[origin] = Date.now() + PATIENCE_MS
    return response
  }

  return async (input, init) => {
    const copies = requestCopies(input, init)
    const wish = pick(new URL(copies.request.url))
    return wish ? authorized(wish, copies) : plain(copies.request)
  }
}

/**
 * Reads the challenge of an API: whether another sign-in would help.
 * @throws `insufficient_scope`, `step_up_failed`, and the errors of `check`
 */
export function judgeChallenge(
  challenge: Challenge,
  token: TokenFacts,
  { endpoint, check, report }: Pick<TokenFetchOptions, 'check' | 'report'> & { readonly endpoint: string },
): void {
  const { error = '', scope = '' } = challenge
  if (/^insufficient_\w{1,40}$/.test(error)) report({ type: 'step_up_required', endpoint, error })
  if (error === 'insufficient_scope') {
    const missing = scopes(scope).some((one) => !scopes(token.scope).includes(one))
    throw missing || !scope ? insufficientScope(scope) : stepUpFailed()
  }
  check?.(challenge, token)
}

/** @param scope what is missing; empty if the API does not say */
export const insufficientScope = (scope: string, hint = 'Call error.signIn() in a click handler.') =>
  new ProofkeyError('insufficient_scope', `The API requires more scope${scope && `: ${scope.slice(0, 200)}`}.`, hint, {
    requirements: { scope },
  })

export const stepUpFailed = (hint = 'Check how the API reads its token.') =>
  new ProofkeyError('step_up_failed', 'Another sign-in would not give the API what it asks for.', hint)
