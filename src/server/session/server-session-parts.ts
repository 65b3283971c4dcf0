import type { createFlow } from '../../flow/flow.js'
import type { LiveSession } from './live-sessions.js'
import type { CheckedSessionConfig } from './server-session-config.js'

/** What functions that take a server session client use of it. */
export interface ServerSessionParts {
  readonly config: CheckedSessionConfig
  readonly flow: ReturnType<typeof createFlow>
  /** The app's own origin, for `isSameOriginRequest`. */
  readonly origin: string
  /**
   * Runs work with the session of a request, read from the store; undefined if the request has no session cookie. Errors get
   * the headers of the response. The token source is `session.parts.tokens`, `session.fetch` adds the tokens to requests.
   * @returns the result, and the headers for the response
   */
  withSession<T>(
    request: Request,
    work: (session: LiveSession | undefined) => Promise<T>,
  ): Promise<{ readonly result: T; readonly headers: Headers }>
}

/** Kept beside the client, so that a console that prints the client does not show them. */
export const serverSessionParts = new WeakMap<object, ServerSessionParts>()
