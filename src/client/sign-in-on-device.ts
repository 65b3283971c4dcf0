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

export interface DeviceSignInOptions extends DeviceRequest, DeviceOptions {
  /** The authorization server, written exactly as the server writes itself. */
  readonly issuer: string
  /** The server's metadata, where it is not to be discovered. */
  readonly metadata?: ServerMetadata | undefined
  /**
   * Shows the person where to go and what to type in. It may take as long as it likes, as a dialog does that stays open;
   * what it fails with ends the sign-in.
   */
  readonly onPrompt: (prompt: DevicePrompt) => unknown
  /** Hears what happens; as the listeners of `subscribe` do. */
  readonly onEvent?: Listener<ProofkeyEvent> | undefined
}

/** Of the interval, while no answer comes. */
const MOST_DOUBLINGS = 4

/**
 * Signs in on a device without a browser of its own: the person opens a page on another one and types a code in (device
 * authorization grant, RFC 8628). It waits for them until the code expires, and asks no more often than the server wants,
 * within bounds: at most once a second and at least once a minute, for an hour at most. The user code may have 64
 * characters, the addresses 2048 (`response_refused`).
 *
 * Only where no browser can come back to the app, as in a TV or a remote shell; everywhere else `loopback()`. This grant
 * has no redirect and no PKCE: nothing ties the person who types the code in to this device, so that a stranger can send
 * a person a code of their own and be signed in as them (remote phishing, §5.4). Say whose device asks, and ask for
 * little `scope`.
 * @throws `config_invalid`; what discovery throws; `endpoint_refused`, where the server has no device grant;
 * `client_auth_unsupported`, `authorization_failed`; `access_denied`, `expired`, `aborted`; `token_request_refused`,
 * `token_response_invalid`, `response_refused`, `id_token_invalid`, `acr_not_met`, `scope_missing`. Before the prompt also
 * `network_error` and `timeout`; afterwards it asks again, less and less often.
 */
export async function signInOnDevice(options: DeviceSignInOptions): Promise<Grant> {
  const { issuer, clientAuth, clientId, onPrompt, onEvent } = options
  // It has no redirect URI: any that is right will do for the check.
  checkConfig({ ...options, redirectUri: 'http://127.0.0.1/' })
  if (typeof onPrompt !== 'function') throw configInvalid(['onPrompt: a function that shows the code'])
  const report = reporter({ issuer, clientId }, onEvent)
  try {
    const server = await serverOf(options, report)
    if (clientAuth) checkClientAuth(server, clientAuth)
    const endpoint = `${server.device_authorization_endpoint}`
    report({ type: 'sign_in_started', endpoint, scope: options.scope ?? '' })
    const authorization = await requestDeviceCode(server, options, options)
    report({ type: 'user_code_shown' })
    const grant = await showAndAsk(server, options, authorization)
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

async function showAndAsk(
  server: ServerMetadata,
  options: DeviceSignInOptions,
  authorization: DeviceAuthorization,
): Promise<Grant> {
  const { signal, onPrompt } = options
  const over = new AbortController()
  const asking = { ...options, signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) }
  const showing = new Promise<never>((_, fail) => Promise.resolve(onPrompt(authorization.prompt)).catch(fail))
  try {
    return await Promise.race([showing, askUntilDecided(server, asking, authorization)])
  } finally {
    over.abort()
  }
}

async function askUntilDecided(
  server: ServerMetadata,
  options: DeviceSignInOptions,
  authorization: DeviceAuthorization,
): Promise<Grant> {
  let { intervalSeconds } = authorization
  let failures = 0
  // Setting the system's clock changes nothing. Where this one stands still while the machine sleeps, the server tells.
  const expiresAt = performance.now() + authorization.lifetimeSeconds * 1000
  for (;;) {
    const waitMs = intervalSeconds * 1000 * 2 ** Math.min(failures, MOST_DOUBLINGS)
    await pause(Math.min(waitMs, expiresAt - performance.now()), options.signal)
    if (performance.now() >= expiresAt) throw expired()
    const answer = await pollDeviceGrant(server, options, authorization, options)
    if (typeof answer === 'object') return answer
    failures = answer === 'unreachable' ? failures + 1 : 0
    if (answer === 'slow_down') intervalSeconds += 5
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
