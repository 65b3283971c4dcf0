import { codeOf } from '../errors.js'
import type { EventBody, Listener, ProofkeyEvent } from '../events.js'
import { unlessAborted } from '../flow/flow.js'
import { checkConfig } from '../flow/flow-config.js'
import { reporter } from '../flow/reported.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import {
  type DeviceAuthorization,
  type DeviceOptions,
  type DevicePrompt,
  type DeviceRequest,
  pollDeviceGrant,
  requestDeviceCode,
} from '../protocol/authorize/device.js'
import { checkClientAuth } from '../protocol/client-auth/client-auth.js'
import { checkMetadata, discover, type ServerMetadata } from '../protocol/discovery/metadata.js'
import { expired, type Grant } from '../protocol/token/complete.js'

/** Options of {@link signInOnDevice}. */
export interface DeviceSignInOptions extends DeviceRequest, DeviceOptions {
  /** The authorization server's issuer identifier, exactly as in its metadata. */
  readonly issuer: string
  /** The server's metadata, instead of discovery. */
  readonly metadata?: ServerMetadata | undefined
  /**
   * Shows the user the URI and the code. It may return a promise, which can stay pending; a rejection ends the sign-in.
   */
  readonly onPrompt: (prompt: DevicePrompt) => unknown
  /** Receives the events, like a listener of `subscribe`. */
  readonly onEvent?: Listener<ProofkeyEvent> | undefined
}

/** The maximum number of doublings of the interval while no response arrives. */
const MOST_DOUBLINGS = 4

/**
 * Signs in on a device without a browser: the user opens a page on another device and enters a code (device authorization
 * grant, RFC 8628). It polls at the interval of the server until the code expires, within limits: at most once a second, at
 * least once a minute, for at most an hour. The user code may have 64 characters, the URIs 2048 (`response_refused`).
 *
 * Use it only if no browser can be redirected to the app, for example on a TV or in a remote shell; otherwise use
 * `loopback()`. This grant has no redirect and no PKCE: the device is not bound to the user who enters the code, so an
 * attacker can send a victim a code and be signed in as the victim (remote phishing, §5.4). Tell the user which device
 * requests access, and request little `scope`.
 * @throws `config_invalid`; the errors of discovery; `endpoint_refused`, if the server has no device grant;
 * `client_auth_unsupported`, `authorization_failed`; `access_denied`, `expired`, `aborted`; `token_request_refused`,
 * `token_response_invalid`, `response_refused`, `id_token_invalid`, `acr_not_met`, `scope_missing`. Before the prompt also
 * `network_error` and `timeout`; after it, these are retried with longer pauses.
 * @example
 * ```ts
 * import { signInOnDevice } from 'proofkey/node'
 *
 * const { tokens } = await signInOnDevice({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-tv',
 *   onPrompt: ({ userCode, verificationUri }) => console.log(`Open ${verificationUri} and enter ${userCode}`),
 * })
 * ```
 */
export async function signInOnDevice(options: DeviceSignInOptions): Promise<Grant> {
  const { issuer, clientAuth, clientId, onPrompt, onEvent } = options
  // There is no redirect URI; pass a valid one to checkConfig.
  checkConfig({ ...options, redirectUri: 'http://127.0.0.1/' })
  if (typeof onPrompt !== 'function') throw configInvalid([`onPrompt (${typeof onPrompt}): must be a function`])
  const report = reporter({ issuer, clientId }, onEvent)
  try {
    const server = await serverOf(options, report)
    if (clientAuth) checkClientAuth(server, clientAuth)
    const endpoint = `${server.device_authorization_endpoint}`
    report({ type: 'sign_in_started', endpoint, scope: options.scope ?? '' })
    const authorization = await requestDeviceCode(server, options, options)
    report({ type: 'user_code_shown' })
    const grant = await showAndPoll(server, options, authorization)
    report({ type: 'sign_in_completed', scope: grant.tokens.scope })
    return grant
  } catch (error) {
    report({ type: 'sign_in_failed', code: codeOf(error) })
    throw error
  }
}

async function serverOf({ issuer, metadata, ...options }: DeviceSignInOptions, report: (event: EventBody) => void) {
  if (metadata) return checkMetadata(metadata, issuer, options.insecure)
  report({ type: 'metadata_requested' })
  const server = await discover(issuer, options)
  report({ type: 'metadata_loaded' })
  return server
}

async function showAndPoll(
  server: ServerMetadata,
  options: DeviceSignInOptions,
  authorization: DeviceAuthorization,
): Promise<Grant> {
  const { signal, onPrompt } = options
  const over = new AbortController()
  const polling = { ...options, signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) }
  const showing = new Promise<never>((_, fail) => Promise.resolve(onPrompt(authorization.prompt)).catch(fail))
  try {
    return await Promise.race([showing, pollUntilDecided(server, polling, authorization)])
  } finally {
    over.abort()
  }
}

async function pollUntilDecided(
  server: ServerMetadata,
  options: DeviceSignInOptions,
  authorization: DeviceAuthorization,
): Promise<Grant> {
  let { intervalSeconds } = authorization
  let failures = 0
  // A monotonic clock: setting the system clock changes nothing. If it stops during sleep, the server reports the expiry.
  const expiresAt = performance.now() + authorization.lifetimeSeconds * 1000
  for (;;) {
    const waitMs = intervalSeconds * 1000 * 2 ** Math.min(failures, MOST_DOUBLINGS)
    await pause(Math.min(waitMs, expiresAt - performance.now()), options.signal)
    if (performance.now() >= expiresAt) throw expired()
    const result = await pollDeviceGrant(server, options, authorization, options)
    if (typeof result === 'object') return result
    failures = result === 'unreachable' ? failures + 1 : 0
    if (result === 'slow_down') intervalSeconds += 5
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await unlessAborted(new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), signal)
  } finally {
    clearTimeout(timer)
  }
}
