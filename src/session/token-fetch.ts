import { ProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { type RequestCopies, requestCopies } from '../protocol/request-copies.js'
import { type Challenge, challengeOf } from '../protocol/resource/challenge.js'
import { scopes } from '../protocol/scope.js'
import type { AccessToken, AccessTokenOptions, Session, TokenFacts } from './session-record.js'
import { nobody } from './token-source.js'

/** Judges an API's challenge against the token that was sent; see `stepUp`. */
export type ChallengeCheck = (challenge: Challenge, token: TokenFacts) => void

type Fetch = typeof globalThis.fetch

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
  ) => Promise<AccessToken>
  readonly session: () => Session | undefined
  readonly check?: ChallengeCheck | undefined
  readonly report: (event: EventBody) => void
}

/** How long an API that refuses new tokens too gets no further ones for that. */
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
  /** By origin: until then a 401 is handed back at once. */
  const patientUntilMs: Record<string, number> = {}

  /** Without claims nobody can tell a person; then it is the sign-in that counts. */
  const whose = () => {
    const now = session()
    return now?.claims?.sub ?? now?.startedAtMs
  }

  /** Sends a request with the token that is asked for, to wherever it goes. */
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
      // What one person began is not finished in the name of another.
      if (whose() !== before) throw nobody('Another person has signed in meanwhile.')
      return token
    }

    const sendWith = async (token: AccessToken) => {
      const copy = () => {
        const request = copies.copy()
        request.headers.set('authorization', `${scheme} ${token.accessToken}`)
        return request
      }
      const response = await send({ ...copies, copy })
      if (response.status !== 401 && response.status !== 403) return response
      const challenge = challengeOf(response, [token.accessToken])
      const { error = '', scope = '' } = challenge
      if (/^insufficient_\w{1,40}$/.test(error)) report({ type: 'step_up_required', endpoint: origin, error })
      try {
        if (error === 'insufficient_scope') {
          const missing = scopes(scope).some((one) => !scopes(token.scope).includes(one))
          throw missing || !scope ? insufficientScope(scope.slice(0, 200)) : stepUpFailed()
        }
        check?.(challenge, token)
      } catch (error) {
        response.body?.cancel().catch(() => {})
        throw error
      }
      return response
    }

    const token = await tokenOtherThan()
    const refused = await sendWith(token)
    // A proof that is refused is mended by no other token.
    if (refused.status !== 401 || /_dpop_/.test(challengeOf(refused).error ?? '')) return refused
    if (Date.now() < (patientUntilMs[origin] ?? 0)) return refused
    const renewed = await tokenOtherThan(token.accessToken)
    // What was streamed once cannot be sent again; the next request has the new token.
    if (renewed.accessToken === token.accessToken || copies.once) return refused
    refused.body?.cancel().catch(() => {})
    // Once: whoever refuses the new token too gets no third one (RFC 6750 §3.1).
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

export const insufficientScope = (scope: string) =>
  new ProofkeyError(
    'insufficient_scope',
    `The API wants more scope${scope && `: ${scope}`}.`,
    'Ask for it by error.signIn().',
    { requirements: { scope } },
  )

export const stepUpFailed = (hint = 'Check how the API reads its token.') =>
  new ProofkeyError('step_up_failed', 'Another sign-in would not give the API what it asks for.', hint)
