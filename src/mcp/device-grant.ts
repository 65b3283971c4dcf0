import { signInOnDevice } from '../client/sign-in-on-device.js'
import type { DevicePrompt } from '../protocol/authorize/device.js'
import type { Grant } from '../protocol/token/complete.js'
import { revokeAll } from '../session/dispose.js'
import { partsOf, type SessionOwner, type SessionParts } from '../session/session-parts.js'
import { sessionAfterSignIn } from '../session/session-record.js'
import { nobody } from '../session/token-source.js'

interface DeviceSignIn {
  readonly scope: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Signs in on another device; made by `deviceGrant`. */
export type DeviceGrant = (parts: SessionParts, request: DeviceSignIn) => Promise<Grant>

/** Options of {@link deviceGrant}. */
export interface DeviceGrantOptions {
  /** Shows the user the URI and the code. Tell them which agent asks: an attacker can send a victim a code (RFC 8628 §5.4). */
  readonly onPrompt: (prompt: DevicePrompt) => unknown
}

/**
 * For agents without a browser: the user opens a page on another device and enters a code (RFC 8628). The authorization
 * server must offer that (`endpoint_refused`). There is no PKCE in this grant: use `loopback()` where a browser can come back.
 * @example
 * ```ts
 * import { createMcpAuth, deviceGrant, memoryRegistrations } from 'proofkey/mcp'
 *
 * const auth = createMcpAuth({
 *   url: 'https://mcp.example.com/mcp',
 *   redirectUri: 'http://127.0.0.1/callback',
 *   register: { clientName: 'My agent' },
 *   registrations: memoryRegistrations(),
 *   device: deviceGrant({
 *     onPrompt: ({ userCode, verificationUri }) => console.log(`Open ${verificationUri} and enter ${userCode}`),
 *   }),
 * })
 * ```
 */
export const deviceGrant =
  ({ onPrompt }: DeviceGrantOptions): DeviceGrant =>
  async ({ config, flow }, { scope, signal }) =>
    signInOnDevice({ ...config, metadata: await flow.metadata(), scope, signal, onPrompt, onEvent: flow.report })

/** Starts the session with the tokens of the other device's sign-in: with its refresh token, and bound to the client's key. */
export async function signInByDevice(session: SessionOwner, device: DeviceGrant, request: DeviceSignIn) {
  const parts = partsOf(session)
  const { config, flow, machine } = parts
  const work = await machine.begin()
  const grant = await device(parts, request)
  const { accessToken, refreshToken, scope } = grant.tokens
  try {
    const jkt = await config.dpop?.thumbprint(flow.clientKey, true)
    const kept = await machine.keep(
      work,
      'user',
      (before) => sessionAfterSignIn(grant, before, { jkt, origin: 'interactive' }),
      { type: 'session_started', scope },
    )
    if (!kept) throw nobody('The session has ended meanwhile.')
  } catch (error) {
    // Nobody holds them now.
    await revokeAll([{ accessTokens: [accessToken], refreshToken }], flow, config)
    throw error
  }
  if (!refreshToken) flow.report({ type: 'refresh_token_missing' })
  return undefined
}
