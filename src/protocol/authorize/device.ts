import { processDeviceAuthorizationResponse } from 'oauth4webapi'
import { oauthErrorOf, oauthRefusal, ProofkeyError } from '../../errors.js'
import {
  clamp,
  DEVICE_INTERVAL_SECONDS,
  MAX_DEVICE_CODE_SECONDS,
  MAX_USER_CODE_LENGTH,
  MAX_VERIFICATION_URI_LENGTH,
} from '../../limits.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../discovery/endpoint.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { idTokenPolicy, type TrustedAudiences } from '../jose/id-token.js'
import type { SignatureCheck } from '../jose/id-token-signature.js'
import { responseRefused } from '../request.js'
import { expired, type Grant, readGrant } from '../token/complete.js'
import { post, type TokenRequestOptions } from '../token/token-request.js'
import { pin } from './transaction.js'

/** The request of a device. */
export interface DeviceRequest extends TrustedAudiences {
  readonly clientId: string
  /** Space-separated. With `openid` an ID token is required. */
  readonly scope?: string | undefined
  /** The part of `scope` without which it fails (`scope_missing`). */
  readonly requiredScope?: string | undefined
  /** RFC 8707: absolute URIs without a fragment. The access token is for the first of them. */
  readonly resource?: string | readonly string[] | undefined
  /** Space-separated. An ID token is then required, with one of them as `acr` (`acr_not_met`). */
  readonly acrValues?: string | undefined
}

/** What to show the user (RFC 8628 §3.3): a code of at most 64 characters, URIs of at most 2048. */
export interface DevicePrompt {
  /** The user enters it at `verificationUri`. Do not log it. */
  readonly userCode: string
  readonly verificationUri: string
  /** The URI with the code in it, for a QR code. Show the code too, so that the user can compare it. */
  readonly verificationUriComplete: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** The state between the two steps. It contains the device code: anyone who has it can get the tokens. */
export interface DeviceAuthorization {
  readonly prompt: DevicePrompt
  readonly deviceCode: string
  /** From 1 to 60. */
  readonly intervalSeconds: number
  /** At most 3600. */
  readonly lifetimeSeconds: number
  readonly startedAtMs: number
}

export interface DeviceOptions extends TokenRequestOptions {
  /** Pass `checkIdTokenSignature` to verify the ID token's signature too. */
  readonly signature?: SignatureCheck | undefined
}

/** The tokens, or why to poll again: not decided yet; polled too often; no response (or status 429, 5xx). */
export type DevicePoll = Grant | 'authorization_pending' | 'slow_down' | 'unreachable'

/**
 * Requests a device code and a user code (RFC 8628 §3.1).
 * @throws `endpoint_refused`, if the server has no such endpoint, or a verification URI is not https;
 * `authorization_failed`; `network_error`, `timeout`, `aborted`; `response_refused`, also for a user code or a URI that is
 * too long
 */
export async function requestDeviceCode(
  server: ServerMetadata,
  { clientId, scope, resource, acrValues }: DeviceRequest,
  options: TokenRequestOptions,
): Promise<DeviceAuthorization> {
  const body = new URLSearchParams()
  if (scope) body.set('scope', scope)
  if (acrValues) body.set('acr_values', acrValues)
  for (const uri of [resource ?? []].flat()) body.append('resource', uri)
  const name = 'device_authorization_endpoint'
  const startedAtMs = Date.now()
  const client = { client_id: clientId }
  const { response, secrets } = await post(server, client, body, { ...options, dpop: undefined }, name)
  const refusal = await errorIn(response)
  if (refusal) throw oauthRefusal('authorization_failed', refusal, secrets)
  const answer = await processDeviceAuthorizationResponse(server, client, await standardized(response)).catch(
    ({ message }: Error) => {
      throw responseRefused(`${server[name]}`, `returned no device code (status ${response.status}): ${message}`)
    },
  )
  const { user_code: userCode, verification_uri_complete: complete } = answer
  const lifetimeSeconds = Math.min(answer.expires_in, MAX_DEVICE_CODE_SECONDS)
  // Terminals interpret control characters as commands.
  if (/\p{C}/u.test(userCode) || userCode.length > MAX_USER_CODE_LENGTH)
    throw responseRefused(`${server[name]}`, 'returned a user code that is too long or has control characters')
  for (const address of [answer.verification_uri, complete ?? ''])
    if (address.length > MAX_VERIFICATION_URI_LENGTH)
      throw responseRefused(`${server[name]}`, 'returned a verification URI that is too long')
  return {
    prompt: {
      userCode,
      verificationUri: page(answer.verification_uri, options.insecure),
      verificationUriComplete: complete && page(complete, options.insecure),
      expiresAtMs: startedAtMs + lifetimeSeconds * 1000,
    },
    deviceCode: answer.device_code,
    intervalSeconds: clamp(answer.interval ?? 5, DEVICE_INTERVAL_SECONDS),
    lifetimeSeconds,
    startedAtMs,
  }
}

/**
 * Sends one token request for the device code (RFC 8628 §3.4).
 * @throws `access_denied`, `expired`, `token_request_refused`; `aborted`, `response_refused`, `endpoint_refused`;
 * `token_response_invalid`, `id_token_invalid`, `acr_not_met`, `scope_missing`
 */
export async function pollDeviceGrant(
  server: ServerMetadata,
  request: DeviceRequest,
  { deviceCode, prompt, startedAtMs }: DeviceAuthorization,
  options: DeviceOptions,
): Promise<DevicePoll> {
  const { clientId } = request
  const pinned = pin(server)
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: deviceCode,
  })
  const [resource] = [request.resource ?? []].flat()
  if (resource) body.set('resource', resource)
  const posted = await post(pinned, { client_id: clientId }, body, options).catch((error: ProofkeyError) => {
    if (error.code === 'network_error' || error.code === 'timeout') return undefined
    throw error
  })
  if (!posted || posted.response.status >= 500 || posted.response.status === 429) return 'unreachable'
  const { response } = posted
  const secrets = [...posted.secrets, prompt.userCode]
  const refusal = await errorIn(response)
  if (refusal?.error === 'authorization_pending' || refusal?.error === 'slow_down') return refusal.error
  if (refusal?.error === 'expired_token') throw expired()
  if (refusal) {
    const code = refusal.error === 'access_denied' ? refusal.error : 'token_request_refused'
    throw oauthRefusal(code, refusal, secrets)
  }
  const verifySignature = options.signature?.(pinned, options)
  const idToken = idTokenPolicy(request, { requestedAtMs: startedAtMs })
  const { scope, requiredScope } = request
  const { dpop, provider } = options
  const expected = { server: pinned, clientId, scope, requiredScope, resource, idToken, dpop, provider }
  return readGrant(expected, { response, secrets }, verifySignature)
}

/** Null is absent, and `verification_url` is the name of `verification_uri` in the drafts of RFC 8628. */
async function standardized(response: Response): Promise<Response> {
  const body = await bodyOf(response)
  const { verification_url, ...members } = Object(body)
  for (const name in members) if (members[name] === null) delete members[name]
  return body ? Response.json({ verification_uri: verification_url, ...members }, response) : response
}

const bodyOf = (response: Response): Promise<unknown> =>
  response
    .clone()
    .json()
    .catch(() => undefined)

const errorIn = async (response: Response) => oauthErrorOf(await bodyOf(response))

/** The verification URI has to be as secure as an endpoint. @throws `endpoint_refused` */
function page(address: string, insecure: InsecureSwitch | undefined): string {
  const url = parseUrl(address)
  if (url && isSecure(url, insecure)) return url.href
  throw new ProofkeyError(
    'endpoint_refused',
    'The verification URI is not https.',
    'Correct it in the configuration of the server.',
  )
}
