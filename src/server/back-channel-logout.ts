import { sha256 } from '../crypto/digest.js'
import { isProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { malformed } from '../protocol/authorize/callback.js'
import { type LogoutToken, logoutTokenInvalid } from '../protocol/sign-out/logout-token.js'
import { isBadRequest } from './edge/bad-request.js'
import { readBody } from './edge/body.js'
import type { ReplayCache } from './replay-cache.js'

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
  try {
    const logout = await validate(await readToken(request))
    const id = await sha256(`${clientKey} ${logout.jti}`)
    // Before the sessions end: of two that come at once, one is the replay.
    if (!(await replayCache.claim(id, logout.acceptedUntilMs))) throw logoutTokenInvalid('it was used before')
    try {
      await onLogout(logout)
    } catch {
      await replayCache.release(id).catch(() => {})
      // Whatever it is, it is the app's, and goes no further.
      throw new Error('Not done')
    }
    report({ type: 'back_channel_logout', ends: logout.sessionId === undefined ? 'all_sessions' : 'session' })
    return new Response(null, { status: 200, headers: NO_STORE })
  } catch (error) {
    const known = isProofkeyError(error)
    report({ type: 'back_channel_logout_failed', code: known ? error.code : 'unexpected' })
    const error_description = known ? error.message.replace(UNSPEAKABLE, "'") : 'The sessions could not be ended.'
    return Response.json({ error: 'invalid_request', error_description }, { status: 400, headers: NO_STORE })
  }
}

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
