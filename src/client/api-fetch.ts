import { ProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { configInvalid } from '../protocol/begin.js'
import { type Challenge, challengeOf } from '../protocol/challenge.js'
import type { IdTokenClaims } from '../protocol/complete.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../protocol/endpoint.js'
import type { TokenWish } from './tokens.js'

/** The APIs that get an access token, by origin, and which one: `{ 'https://api.example.com': {} }`. */
export type Apis = Readonly<Record<string, TokenWish>>

/** Judges an API's challenge against the claims of the session; see `stepUp`. */
export type ChallengeCheck = (challenge: Challenge, claims: IdTokenClaims | undefined) => void

export interface ApiFetchOptions {
  readonly apis: Apis
  readonly fetch: typeof globalThis.fetch
  /** How tokens are sent. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** Runs a request by the `fetch` that adds to it what its token needs. */
  readonly proven: <T>(request: (options: { fetch: typeof globalThis.fetch }) => Promise<T>) => Promise<T>
  readonly accessToken: (wish: TokenWish & { signal?: AbortSignal | undefined }, rejected?: string) => Promise<string>
  readonly check: (challenge: Challenge) => void
  readonly report: (event: EventBody) => void
}

/** @throws `config_invalid` */
export function checkApis(apis: Apis, insecure: InsecureSwitch | undefined): void {
  const problems = Object.keys(apis).flatMap((origin) => {
    const url = parseUrl(origin)
    return url?.origin === origin && isSecure(url, insecure) ? [] : [`apis: ${origin} is no https origin`]
  })
  if (problems[0]) throw configInvalid(problems)
}

/** `fetch` with an access token for the APIs of the list, and without one for everybody else. */
export function createApiFetch({
  apis,
  fetch,
  scheme,
  proven,
  accessToken,
  check,
  report,
}: ApiFetchOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const { url = `${input as string | URL}`, signal: own, headers: given } = Object(input) as Partial<Request>
    // As fetch itself will read it: <base> counts.
    const { origin } = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href)
    const wish = Object.hasOwn(apis, origin) ? apis[origin] : undefined
    if (!wish) return fetch(input, init)
    const signal = init?.signal ?? own

    const send = async (token: string) => {
      const headers = new Headers(init?.headers ?? given)
      headers.set('authorization', `${scheme} ${token}`)
      const response = await proven(({ fetch }) => fetch(input, { ...init, headers }))
      if (response.status !== 401 && response.status !== 403) return response
      const challenge = challengeOf(response, [token])
      const { error = '', scope } = challenge
      if (/^insufficient_\w{1,40}$/.test(error)) report({ type: 'step_up_required', endpoint: origin, error })
      try {
        if (error === 'insufficient_scope') throw insufficientScope((scope ?? '').slice(0, 200))
        check(challenge)
      } catch (error) {
        response.body?.cancel().catch(() => {})
        throw error
      }
      return response
    }

    const token = await accessToken({ ...wish, signal })
    const response = await send(token)
    // A proof that is refused is mended by no other token.
    if (response.status !== 401 || /_dpop_/.test(challengeOf(response).error ?? '')) return response
    const renewed = await accessToken({ ...wish, signal }, token)
    // What was streamed once cannot be sent again; the next request has the new token.
    if ((input as Request).bodyUsed || init?.body instanceof ReadableStream) return response
    response.body?.cancel().catch(() => {})
    // Once: whoever refuses the new token too gets no third one (RFC 6750 §3.1).
    return send(renewed)
  }
}

const insufficientScope = (scope: string) =>
  new ProofkeyError(
    'insufficient_scope',
    `The API wants more scope${scope && `: ${scope}`}.`,
    'Ask for it by error.signIn().',
    {
      wishes: { scope },
    },
  )
