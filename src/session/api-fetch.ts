import { ProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../protocol/discovery/endpoint.js'
import { type Challenge, challengeOf } from '../protocol/resource/challenge.js'
import { scopes } from '../protocol/scope.js'
import type { Session } from './stored-session.js'
import { type AccessTokenOptions, nobody } from './token-source.js'

/** The APIs that get an access token, by origin, and which one: `{ 'https://api.example.com': {} }`. */
export type Apis = Readonly<Record<string, AccessTokenOptions>>

/** Judges an API's challenge against the session; see `stepUp`. */
export type ChallengeCheck = (challenge: Challenge, session: Session | undefined) => void

type Fetch = typeof globalThis.fetch

export interface ApiFetchOptions {
  readonly apis: Apis
  readonly fetch: Fetch
  /** How tokens are sent. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** Runs a request by the `fetch` that adds to it what its token needs. */
  readonly proven: <T>(request: (options: { fetch: Fetch }) => Promise<T>) => Promise<T>
  readonly accessToken: (
    wish: AccessTokenOptions & { signal?: AbortSignal | undefined },
    rejected?: string,
  ) => Promise<string>
  readonly session: () => Session | undefined
  readonly check?: ChallengeCheck | undefined
  readonly report: (event: EventBody) => void
}

/** How long an API that refuses new tokens too gets no further ones for that. */
const PATIENCE_MS = 60_000

/** @throws `config_invalid` */
export function checkApis(apis: Apis, insecure: InsecureSwitch | undefined): void {
  const problems = Object.keys(apis).flatMap((origin) => {
    const url = parseUrl(origin)
    return url?.origin === origin && isSecure(url, insecure) ? [] : [`apis: ${origin} is no https origin`]
  })
  if (problems[0]) throw configInvalid(problems)
}

/** Sends requests with the session's access tokens. */
export function createApiFetch({ apis, fetch, scheme, proven, accessToken, session, check, report }: ApiFetchOptions) {
  /** By origin: until then a 401 is handed back at once. */
  const patientUntilMs: Record<string, number> = {}

  /** Without claims nobody can tell a person; then it is the sign-in that counts. */
  const whose = () => {
    const now = session()
    return now?.claims?.sub ?? now?.startedAtMs
  }

  /** `fetch` with the token that is wished for, to wherever it is asked to go. */
  const authorized =
    (wish: AccessTokenOptions): Fetch =>
    async (input, init) => {
      const { signal: own, headers: given } = input as Partial<Request>
      const { origin } = locate(input)
      const signal = init?.signal ?? own
      let before = whose()

      const tokenOtherThan = async (rejected?: string) => {
        const token = await accessToken({ ...wish, signal }, rejected).catch((error) => {
          signal?.throwIfAborted()
          throw error
        })
        before ??= whose()
        // What one person began is not finished in the name of another.
        if (whose() !== before) throw nobody('Another person has signed in meanwhile.')
        return token
      }

      const send = async (token: string) => {
        const headers = new Headers(init?.headers ?? given)
        headers.set('authorization', `${scheme} ${token}`)
        const response = await proven(({ fetch }) => fetch(input, { ...init, headers }))
        if (response.status !== 401 && response.status !== 403) return response
        const challenge = challengeOf(response, [token])
        const { error = '', scope = '' } = challenge
        if (/^insufficient_\w{1,40}$/.test(error)) report({ type: 'step_up_required', endpoint: origin, error })
        try {
          if (error === 'insufficient_scope') {
            const missing = scopes(scope).some((one) => !scopes(session()?.scope).includes(one))
            throw missing || !scope ? insufficientScope(scope.slice(0, 200)) : stepUpFailed()
          }
          check?.(challenge, session())
        } catch (error) {
          response.body?.cancel().catch(() => {})
          throw error
        }
        return response
      }

      const token = await tokenOtherThan()
      const refused = await send(token)
      // A proof that is refused is mended by no other token.
      if (refused.status !== 401 || /_dpop_/.test(challengeOf(refused).error ?? '')) return refused
      if (Date.now() < (patientUntilMs[origin] ?? 0)) return refused
      const renewed = await tokenOtherThan(token)
      // What was streamed once cannot be sent again; the next request has the new token.
      if (renewed === token || (input as Request).bodyUsed || init?.body instanceof ReadableStream) return refused
      refused.body?.cancel().catch(() => {})
      // Once: whoever refuses the new token too gets no third one (RFC 6750 §3.1).
      const response = await send(renewed)
      if (response.status === 401) patientUntilMs[origin] = Date.now() + PATIENCE_MS
      return response
    }

  return {
    authorized,
    /** `fetch` with an access token for the APIs of the list, and without one for everybody else. */
    apiFetch: ((input, init) => {
      const { origin, protocol } = locate(input)
      // A blob: URL has the origin of the page that made it, and goes nowhere.
      const wish = /^http/.test(protocol) && Object.hasOwn(apis, origin) ? apis[origin] : undefined
      return (wish ? authorized(wish) : fetch)(input, init)
    }) as Fetch,
  }
}

/** As fetch itself will read it: <base> counts. */
const locate = (input: RequestInfo | URL) =>
  new URL((input as Partial<Request>).url ?? `${input}`, globalThis.document?.baseURI ?? globalThis.location?.href)

export const insufficientScope = (scope: string) =>
  new ProofkeyError(
    'insufficient_scope',
    `The API wants more scope${scope && `: ${scope}`}.`,
    'Ask for it by error.signIn().',
    { requirements: { scope } },
  )

export const stepUpFailed = () =>
  new ProofkeyError(
    'step_up_failed',
    'The API refuses a sign-in that is what it asks for.',
    'Check how the API reads its token.',
  )
