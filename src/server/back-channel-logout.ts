import { sha256 } from '../crypto/digest.js'
import { randomToken } from '../crypto/random.js'
import { codeOf, isProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { malformed } from '../protocol/authorize/callback.js'
import { type LogoutToken, logoutTokenInvalid } from '../protocol/sign-out/logout-token.js'
import { isBadRequest } from './edge/bad-request.js'
import { readBody } from './edge/body.js'
import type { ReplayAttempt, ReplayCache } from './replay-cache.js'

/** Ends the sessions that a logout token names, on every server; what it throws, or rejects with, answers "not done". */
export type OnLogout = (logout: LogoutToken) => unknown

interface Parts {
  /** Whose logout token it is: one client at one issuer. */
  readonly clientKey: string
  readonly replayCache: ReplayCache
  validate(token: string): Promise<LogoutToken>
  report(event: EventBody): void
}

/** Takes what the server posts when a session ends there (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8). */
export async function backChannelLogout(request: Request, onLogout: OnLogout, parts: Parts): Promise<Response> {
  const { clientKey, replayCache, validate, report } = parts
  const release = (attempt: ReplayAttempt) => replayCache.release(attempt).catch(() => {})
  report({ type: 'back_channel_logout_received' })
  try {
    const logout = await validate(await readToken(request))
    const attempt = { id: await sha256(`${clientKey} ${logout.jti}`), token: randomToken() }
    // Before the sessions end: of two that come at once, one is the replay.
    const claim = await replayCache.claim(attempt, LEASE_MS).catch((error) => {
      // It may have been claimed, or may be later: the release comes after it. If that fails too, the lease ends.
      release(attempt)
      throw error
    })
    if (claim !== 'claimed')
      throw logoutTokenInvalid(claim === 'used' ? 'it was used before' : 'it is being handled by another request')
    try {
      await onLogout(logout)
    } catch {
      await release(attempt)
      // Whatever it is, it is the app's, and goes no further.
      throw new Error('Not done')
    }
    // Done is done, whether or not the cache could note it.
    await replayCache.commit(attempt, logout.acceptedUntilMs).catch((error) => {
      report({ type: 'replay_cache_failed', code: isProofkeyError(error) ? error.code : 'unexpected' })
    })
    report({ type: 'back_channel_logout', ends: logout.sessionId === undefined ? 'all_sessions' : 'session' })
    return new Response(null, { status: 200, headers: NO_STORE })
  } catch (error) {
    const known = isProofkeyError(error)
    report({ type: 'back_channel_logout_failed', code: codeOf(error) })
    const error_description = known ? error.message.replace(UNSPEAKABLE, "'") : 'The sessions could not be ended.'
    return Response.json({ error: 'invalid_request', error_description }, { status: 400, headers: NO_STORE })
  }
}

/** How long `onLogout` may take before the same logout token may be handled by another request. */
const LEASE_MS = 60_000
const NO_STORE = { 'cache-control': 'no-store' }
/** What RFC 6749 §5.2 does not let an `error_description` hold. */
const UNSPEAKABLE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

async function readToken(request: Request): Promise<string> {
  if (request.method !== 'POST') throw malformed('came by the wrong method')
  if (isBadRequest(request)) throw malformed('came without a valid Host')
  const form = new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'))
  const [token, another] = form.getAll('logout_token')
  if (!token || another !== undefined) throw malformed(`carries ${token ? 'more than one' : 'no'} logout_token`)
  return token
}
