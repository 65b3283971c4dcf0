import { type ErrorCode, ProofkeyError } from '../../errors.js'
import type { FetchLike } from '../../protocol/request.js'
import type { Session } from '../../session/session-record.js'

/** A session as the backend has described it. */
export interface FoundSession {
  readonly session: Session
  /** The same text means the same session, unchanged. */
  readonly text: string
  /** What tabs call it. Another sign-in has another name. */
  readonly name: string
  /** When it ends, by the clock of this machine. */
  readonly endsAtMs: number
  /** By how much the clock of this machine is ahead of the backend's. */
  readonly aheadMs: number
}

export interface AskOptions {
  /** `path` of the backend's `createServerSessionClient`, at the origin of the page: `/auth`. */
  readonly backend: string
  /** Used instead of the global `fetch`. */
  readonly fetch?: FetchLike | undefined
  /** How long the backend may take to tell the session. Default 10. */
  readonly timeoutSeconds?: number | undefined
}

/**
 * Asks the backend who is signed in. That nobody is signed in is an answer; everything else that is not a session is an error.
 * @returns undefined if no user is signed in
 * @throws `network_error` and `timeout` (`retryable`), the `retryable` error that the backend names, `response_refused`
 */
export async function askSession({
  backend,
  fetch = globalThis.fetch as FetchLike,
  timeoutSeconds = 10,
}: AskOptions): Promise<FoundSession | undefined> {
  // Absolute: injected markup can set <base>.
  const url = `${location.origin}${backend}/session`
  const failed = (code: string, what: string, hint = 'Try again.', details: object = { retryable: true }) =>
    new ProofkeyError(code as ErrorCode, `${url} ${what}.`, hint, details)
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  let response: Response
  let body: Record<string, unknown> | undefined
  try {
    // Of a redirect there is no response: a script cannot sign in anywhere.
    response = (await fetch(url, {
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'manual',
      signal,
    })) as Response
    body = await jsonOf(response)
  } catch {
    throw signal.aborted
      ? failed('timeout', `took over ${timeoutSeconds} s`)
      : failed('network_error', 'did not respond')
  }
  const { status, headers } = response
  const found = status === 200 ? sessionIn(body?.['session']) : undefined
  if (found !== undefined) return found ?? undefined
  const { code, retryable } = { ...body }
  if (retryable === true && /^[a-z_]{1,40}$/.test(`${code}`)) throw failed(`${code}`, `answered ${code}`)
  const what = status ? `status ${status}, ${headers.get('content-type')?.slice(0, 60)}` : 'a redirect'
  if (status >= 500 || status === 429) throw failed('network_error', `answered ${what}`)
  throw failed(
    'response_refused',
    `answered ${what}, which is no session`,
    `Let handle() of createServerSessionClient serve ${backend}/*, also behind a development server.`,
    {},
  )
}

/** The members of a JSON object; undefined if the response is none. */
export async function jsonOf(response: Response): Promise<Record<string, unknown> | undefined> {
  if (!/^application\/json\b/i.test(response.headers.get('content-type') ?? '')) return undefined
  return response.json().then(Object, (error) => {
    if (error.name === 'SyntaxError') return undefined
    // It broke off.
    throw error
  })
}

/** @returns null if no user is signed in, undefined if the value has another form */
function sessionIn(given: unknown): FoundSession | null | undefined {
  if (given === null) return null
  const { claims, scope, startedAtMs, endsAtMs, endsInMs } = Object(given)
  const isUser = claims === undefined || (typeof claims?.iss === 'string' && typeof claims.sub === 'string')
  // JSON has no Infinity: null.
  const left = endsInMs === null ? Infinity : endsInMs
  if (![startedAtMs, left].every((ms) => typeof ms === 'number') || !isUser || typeof scope !== 'string')
    return undefined
  const endsHereAtMs = Date.now() + left
  return {
    session: { claims, scope, startedAtMs, expiresAtMs: undefined },
    text: JSON.stringify([claims, scope, startedAtMs]),
    name: `${startedAtMs} ${scope}`,
    endsAtMs: endsHereAtMs,
    // Unknown without an end.
    aheadMs: Number.isFinite(endsHereAtMs - endsAtMs) ? endsHereAtMs - endsAtMs : 0,
  }
}
