import { sha256 } from '../crypto/digest.js'
import { randomToken } from '../crypto/random.js'
import { codeOf, isProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { malformed } from '../protocol/authorize/callback.js'
import { isBadRequest } from '../protocol/bad-request.js'
import { type LogoutToken, logoutTokenInvalid } from '../protocol/sign-out/logout-token.js'
import type { ReplayAttempt, ReplayCache } from '../vault/replay-cache.js'
import { readBody } from './edge/body.js'

/** Ends the sessions that a logout token names, on all servers. If it throws or rejects, the response is 400, so that the server can retry. */
export type OnLogout = (logout: LogoutToken) => unknown

interface Parts {
  /** Identifies the client: issuer and client id. */
  readonly clientKey: string
  readonly replayCache: ReplayCache
  validate(token: string): Promise<LogoutToken>
  report(event: EventBody): void
}

/** Handles a logout token that the server posts (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8). */
export async function backChannelLogout(request: Request, onLogout: OnLogout, parts: Parts): Promise<Response> {
  const { clientKey, replayCache, validate, report } = parts
  const release = (attempt: ReplayAttempt) => replayCache.release(attempt).catch(() => {})
  report({ type: 'back_channel_logout_received' })
  try {
    const logout = await validate(await readToken(request))
    const attempt = { id: await sha256(`${clientKey} ${logout.jti}`), token: randomToken() }
    // Claim before the sessions end: of two concurrent requests, one is the replay.
    const claim = await replayCache.claim(attempt, LEASE_MS).catch((error) => {
      // The claim may have succeeded, or may succeed later: release it. If that fails too, the lease ends.
      release(attempt)
      throw error
    })
    if (claim !== 'claimed')
      throw claim === 'used'
        ? logoutTokenInvalid('it was used before', 'Nothing to do: its sessions were ended then.')
        : logoutTokenInvalid('it is being handled by another request', 'Send it again if that request fails.')
    try {
      await onLogout(logout)
    } catch {
      await release(attempt)
      // Do not expose the app's error to the caller.
      throw new Error('Not done')
    }
    // The sessions have ended, even if the cache cannot store that.
    await replayCache.commit(attempt, logout.acceptedUntilMs).catch((error) => {
      report({ type: 'replay_cache_failed', code: codeOf(error) })
    })
    report({ type: 'back_channel_logout', ends: logout.sessionId === undefined ? 'all_sessions' : 'session' })
    return new Response(null, { status: 200, headers: NO_STORE })
  } catch (error) {
    const known = isProofkeyError(error)
    report({ type: 'back_channel_logout_failed', code: codeOf(error) })
    const error_description = known
      ? error.message.replace(FORBIDDEN_CHARACTERS, "'")
      : 'The sessions could not be ended.'
    return Response.json({ error: 'invalid_request', error_description }, { status: 400, headers: NO_STORE })
  }
}

/** How long `onLogout` may take before the same logout token may be handled by another request. */
const LEASE_MS = 60_000
const NO_STORE = { 'cache-control': 'no-store' }
/** The characters that RFC 6749 §5.2 forbids in `error_description`. */
const FORBIDDEN_CHARACTERS = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

async function readToken(request: Request): Promise<string> {
  if (request.method !== 'POST') throw malformed(`was sent with method ${request.method}`, 'Send it with POST.')
  if (isBadRequest(request)) throw malformed('has no valid Host', 'Check the proxy in front of this server.')
  const form = new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'))
  const [token, another] = form.getAll('logout_token')
  if (!token || another !== undefined)
    throw malformed(`contains ${token ? 'more than one' : 'no'} logout_token`, 'Send one logout_token.')
  return token
}
