import { type Milestones, reported } from '../flow/reported.js'
import { requestUserInfo, type UserInfo } from '../protocol/resource/user-info.js'
import { fetchOf, tokenFetch, withSignIn } from './api-fetch.js'
import { partsOf, type SessionOwner, type SessionParts } from './session-parts.js'
import type { StoredSession } from './session-record.js'
import { insufficientScope } from './token-fetch.js'

/** Adds claims to the session of a sign-in that has just completed; see {@link loadUserInfo}. */
export type UserInfoLoader = (parts: SessionParts) => Promise<void>

/**
 * Requests the claims of the user from the UserInfo endpoint (OpenID Connect Core §5.3). On status 401 it refreshes and
 * retries like the `fetch` of `createApiFetch`.
 * @throws the errors of `getAccessToken`; `network_error`, `timeout`; `endpoint_refused` if the server has no UserInfo
 * endpoint; `response_refused`; `insufficient_scope` if the sign-in had no `openid` scope; `config_invalid`
 * @example
 * ```ts
 * import { getUserInfo, type SessionClient } from 'proofkey'
 *
 * declare const auth: SessionClient
 * const { email } = await getUserInfo(auth)
 * ```
 */
export const getUserInfo = async (auth: SessionOwner): Promise<UserInfo> => request(partsOf(auth))

/**
 * Pass it as `userInfo` to add the claims of the UserInfo endpoint to `session.claims` at each sign-in; the claims of the ID
 * token win. If the request fails, the session has those of the ID token only (event `user_info_failed`). A refresh and a
 * silent renewal keep the claims and request none.
 * @example
 * ```ts
 * import { createSessionClient, loadUserInfo } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid email',
 *   userInfo: loadUserInfo, // auth.session?.claims then has the email, even if the ID token has not
 * })
 * ```
 */
export const loadUserInfo: UserInfoLoader = async (parts) => {
  const { machine } = parts
  const work = await machine.begin()
  const info = await request(parts).catch(() => undefined)
  const withInfo = (now: StoredSession | undefined) => {
    const { claims } = now?.session ?? {}
    return info && now && claims?.sub === info.sub
      ? { ...now, session: { ...now.session, claims: { ...info, ...claims } } }
      : undefined
  }
  // Part of the sign-in: a refresh in the meantime does not matter, a sign-out does.
  await machine.keep(work, 'user', withInfo, { type: 'session_changed' })
}

const request = (parts: SessionParts): Promise<UserInfo> =>
  reported(parts.flow.report, USER_INFO, async () => {
    const { config, flow, machine, tokens } = parts
    await tokens.accessToken()
    const subject = machine.current?.session.claims?.sub
    if (!subject) throw insufficientScope('openid')
    const fetch = tokenFetch(parts, { pick: () => ({}), plain: fetchOf(config) })
    return requestUserInfo(await flow.metadata(), subject, { ...config, fetch })
  }).catch((error) => withSignIn(error, parts))

const USER_INFO: Milestones<UserInfo> = {
  started: { type: 'user_info_requested' },
  completed: () => ({ type: 'user_info_received' }),
  failed: (code) => ({ type: 'user_info_failed', code }),
}
