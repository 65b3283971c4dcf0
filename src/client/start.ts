import { isProofkeyError, type ProofkeyError } from '../errors.js'
import type { SignInResult } from '../flow/flow.js'
import type { Grant } from '../protocol/token/complete.js'
import type { Session } from '../session/session-record.js'
import type { UserAgent } from '../user-agents/user-agent.js'

/** Options of `start()` in a page. */
export interface PageStartOptions {
  /** Pass `relayCallback` if `signIn()` is called with a `popup()` or `frame()` that is not in the configuration. */
  readonly relay?: UserAgent['relay']
}

/**
 * What a page load was; `type` tells which.
 *
 * After `signed_in` and `signed_out` navigate to `returnTo`, a path of this origin. On every page but `relayed`, `session` of
 * the client tells afterwards who is signed in.
 */
export type Started<Given = Grant> =
  /** A sign-in was completed. */
  | ({ readonly type: 'signed_in' } & SignInResult<Given>)
  /** The user is back from the server's sign-out. */
  | { readonly type: 'signed_out'; readonly returnTo: string }
  /** An ordinary page load. `session`: undefined if no user is signed in. */
  | { readonly type: 'loaded'; readonly session: Session | undefined; readonly returnTo?: undefined }
  /** This page is in a popup or frame, and the page that opened it has got the callback. Show nothing. */
  | { readonly type: 'relayed'; readonly returnTo?: undefined }
  /**
   * The callback, the return from a sign-out, or the restoring of the session failed. `returnTo` and `appState`: of the
   * sign-in that failed, if it could be read: where to send the user back to. If the error is `retryable`, call `start()`
   * again or let the user reload the page. Do not navigate before: a callback may be back in the URL.
   */
  | {
      readonly type: 'failed'
      readonly error: ProofkeyError
      readonly returnTo?: string | undefined
      readonly appState?: unknown
    }

interface Steps {
  readonly relays: readonly UserAgent['relay'][]
  handleCallback(): Promise<SignInResult | undefined>
  handleSignedOut(): Promise<{ readonly returnTo: string } | undefined>
  restore(): Promise<Session | undefined>
}

/** The relays of all clients of this page: while one runs, the URL is without the callback, which another client may need. */
let relaying: Promise<unknown> | undefined

/** The steps of a page load in their order. A failure of one does not keep the session from being restored. */
export async function startPage({ relays, handleCallback, handleSignedOut, restore }: Steps): Promise<Started> {
  const relayed = Promise.resolve(relaying).then(async () => {
    for (const relay of new Set(relays)) if (await relay?.()) return true
    return false
  })
  relaying = relayed.catch(() => {})
  if (await relayed) return { type: 'relayed' }

  const landed = await handleCallback()
    .then((result): Started | undefined => result && { type: 'signed_in', ...result })
    // Another client of this origin, whose own `start()` completes it.
    .catch((error) => (error.code === 'other_client' ? undefined : failed(error)))
  const returned =
    landed ??
    (await handleSignedOut()
      .then((result): Started | undefined => result && { type: 'signed_out', ...result })
      .catch(failed))
  const loaded = await restore()
    .then((session): Started => ({ type: 'loaded', session }))
    .catch(failed)
  return returned ?? loaded
}

function failed(error: unknown): Started {
  if (!isProofkeyError(error)) throw error
  const { returnTo, appState } = error
  return { type: 'failed', error, returnTo, appState }
}
