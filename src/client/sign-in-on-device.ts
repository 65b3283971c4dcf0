import { unlessAborted } from '../flow/flow.js'
import { checkConfig } from '../flow/flow-config.js'
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
import { LONGEST_TIMER_MS } from '../user-agents/callback-wait.js'

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
}

/** Of the interval, while no answer comes. */
const MOST_DOUBLINGS = 4

/**
 * Signs in on a device without a browser of its own: the person opens a page on another one and types a code in (device
 * authorization grant, RFC 8628). It waits for them until the code expires, and asks no more often than the server wants.
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
  const { issuer, metadata, clientAuth, insecure, signal, onPrompt } = options
  // It has no redirect URI: any that is right will do for the check.
  checkConfig({ ...options, redirectUri: 'http://127.0.0.1/' })
  if (typeof onPrompt !== 'function') throw configInvalid(['onPrompt: a function that shows the code'])
  const server = metadata ? checkMetadata(metadata, issuer, insecure) : await discover(issuer, options)
  if (clientAuth) checkClientAuth(server, clientAuth)

  const authorization = await requestDeviceCode(server, options, options)
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
  const { prompt } = authorization
  let { intervalSeconds } = authorization
  let failures = 0
  for (;;) {
    const waitMs = intervalSeconds * 1000 * 2 ** Math.min(failures, MOST_DOUBLINGS)
    await pause(Math.min(waitMs, prompt.expiresAtMs - Date.now(), LONGEST_TIMER_MS), options.signal)
    if (Date.now() >= prompt.expiresAtMs) throw expired()
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
