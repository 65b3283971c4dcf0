import { withHeaders } from '../create-server-client.js'
import type { RequestCookies } from '../edge/cookies.js'
import { readSessionCookie, writeSessionCookie } from '../edge/session-cookie.js'
import type { createLiveSessions, LiveSession } from './live-sessions.js'
import type { CheckedSessionConfig } from './server-session-config.js'
import type { RecordLifetime, ServerSessionRecord } from './server-session-store.js'

/** One request, and the cookies of its response: all calls with this request share them. */
interface Context {
  readonly jar: RequestCookies
  /** The value of the session cookie that the browser has, or will have. */
  cookie: string | undefined
  record: Promise<ServerSessionRecord | undefined>
}

interface RequestSessionsParts {
  readonly config: CheckedSessionConfig
  readonly lifetime: RecordLifetime
  readonly lives: ReturnType<typeof createLiveSessions>
  jarOf(request: Request): RequestCookies
  /** Adds to an error what needs the request. */
  withSignIn(request: Request, error: unknown): unknown
}

export type RequestSessions = ReturnType<typeof createRequestSessions>

/** The contexts of requests, by request. */
export function createContexts({ sessionStore }: CheckedSessionConfig, lifetime: RecordLifetime) {
  const contexts = new WeakMap<Request, Context>()
  return (request: Request, create: () => RequestCookies): Context => {
    const known = contexts.get(request)
    if (known) return known
    const jar = create()
    const cookie = readSessionCookie(jar)
    const record = cookie ? sessionStore.open(cookie, lifetime) : Promise.resolve(undefined)
    // Thrown where it is awaited.
    record.catch(() => {})
    const context = { jar, cookie, record }
    contexts.set(request, context)
    return context
  }
}

/** The session that a request's cookie names, and the cookie in its response. */
export function createRequestSessions(
  contextOf: ReturnType<typeof createContexts>,
  { config, lifetime, lives, jarOf, withSignIn }: RequestSessionsParts,
) {
  const { sessionStore } = config
  const context = (request: Request): Context => contextOf(request, () => jarOf(request))

  /** Runs work with the session that the request's cookie names. */
  async function use<T>(request: Request, work: (session: LiveSession | undefined) => Promise<T>): Promise<T> {
    const record = await context(request).record
    return record ? lives.use(record, work) : work(undefined)
  }

  /**
   * Writes the session cookie where it has changed.
   * @throws `storage_full`: then the session has ended, because the browser's cookies are of an earlier state
   */
  async function writeCookie(of: Context, session: LiveSession | undefined): Promise<void> {
    if (!session) return
    const { current, last } = session.parts.machine
    let next = of.cookie
    if (current) next = await session.record.cookie()
    // After another sign-in the browser has another cookie already: this response may be the later one.
    else if (last && !session.replacedBy) next = undefined
    if (next === of.cookie) return
    const endsAtMs = (current?.session.startedAtMs ?? 0) + lifetime.absoluteMs
    const maxAgeSeconds = Math.max(1, Math.ceil((endsAtMs - Date.now()) / 1000))
    of.cookie = next
    try {
      writeSessionCookie(of.jar, next, maxAgeSeconds, sessionStore.maxHeadBytes)
    } catch (error) {
      of.cookie = undefined
      await session.parts.machine.end('not_stored')
      throw error
    }
  }

  /**
   * Runs work with the session of a request, read from the store; undefined if the request has no session cookie. Errors get
   * the headers of the response.
   * @returns the result, and the headers for the response
   */
  const withSession = <T>(
    request: Request,
    work: (session: LiveSession | undefined) => Promise<T>,
  ): Promise<{ readonly result: T; readonly headers: Headers }> =>
    use(request, async (session) => {
      const of = context(request)
      try {
        await session?.sync()
        const result = await work(session)
        await writeCookie(of, session)
        return { result, headers: headersOf(of.jar) }
      } catch (error) {
        const failure = await writeCookie(of, session).then(
          () => error,
          (storageFull) => storageFull,
        )
        throw withSignIn(request, withHeaders(failure, headersOf(of.jar)))
      }
    })

  return {
    context,
    use,
    writeCookie,
    withSession,
    /** Deletes the session cookie. */
    deleteCookie(of: Context): void {
      writeSessionCookie(of.jar, undefined, 0, sessionStore.maxHeadBytes)
      of.cookie = undefined
    },
  }
}

/** Only what has changed: an app's page has its own headers. A response that sets a cookie is for one browser only. */
export function headersOf(jar: RequestCookies): Headers {
  const headers = new Headers()
  for (const change of jar.changes()) headers.append('set-cookie', change)
  if (headers.has('set-cookie')) headers.set('cache-control', 'no-store')
  return headers
}
