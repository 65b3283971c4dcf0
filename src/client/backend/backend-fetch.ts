import { ProofkeyError } from '../../errors.js'
import type { Fetch, FetchLike } from '../../protocol/request.js'
import { EXCHANGE_HEADER } from '../../protocol/token/exchange-at.js'
import { type FoundSession, jsonOf } from './ask-session.js'

/** A response with status 401 or 403, its JSON, and the session that it was for. */
export interface Refusal {
  readonly response: Response
  readonly body: Readonly<Record<string, unknown>> | undefined
  readonly found: FoundSession | undefined
}

/** Throws if another sign-in can help; see `backendStepUp`. */
export type RefusalCheck = (refusal: Refusal) => void

export interface BackendFetchParts {
  readonly fetch?: FetchLike | undefined
  /** Pass `backendStepUp`, so that `fetch` understands what APIs demand of a sign-in (RFC 9470). */
  readonly stepUp?: RefusalCheck | undefined
  readonly found: () => FoundSession | undefined
  /** The backend has refused a request because no user is signed in. */
  readonly refused: () => Promise<void>
  readonly signIn: (options: object) => Promise<undefined>
}

/** `fetch` for the paths of this origin, whose refusals for want of a sign-in are errors. */
export function createBackendFetch({ fetch, stepUp, found, refused, signIn }: BackendFetchParts): Fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.startsWith(`${location.origin}/`))
      throw new ProofkeyError(
        'config_invalid',
        `${new URL(request.url).origin} is not this origin.`,
        'Let the backend forward the request, or use the global fetch.',
      )
    request.headers.set(EXCHANGE_HEADER, '1')
    const response = (await (fetch ?? globalThis.fetch)(request)) as Response
    const { status } = response
    if (status !== 401 && status !== 403) return response
    const body = await jsonOf(response.clone())
    if (status === 401 && body?.['code'] === 'login_required') {
      await refused()
      throw new ProofkeyError('login_required', 'No user is signed in.', 'Call signIn().')
    }
    try {
      stepUp?.({ response, body, found: found() })
    } catch (error) {
      const { requirements } = error as ProofkeyError
      // More scope is not for a link to ask, also where the API does not name it: the app has a route of its own for that.
      if (requirements && requirements.scope === undefined)
        Object.defineProperty(error, 'signIn', { value: (options?: object) => signIn({ ...requirements, ...options }) })
      throw error
    }
    return response
  }
}
