import { codeOf, ProofkeyError } from '../../errors.js'
import type { createFlow } from '../../flow/flow.js'
import { isSameOriginRequest, refuseStart } from '../edge/start-guard.js'
import type { ServerClient } from '../server-client.js'
import type { SignOutOptions } from '../server-sign-out.js'
import type { createLiveSessions, LiveSession } from './live-sessions.js'
import type { RequestSessions } from './request-sessions.js'
import type { CheckedSessionConfig } from './server-session-config.js'
import type { RecordLifetime } from './server-session-store.js'
import type { SignInLinks } from './sign-in-links.js'

interface Parts {
  readonly config: CheckedSessionConfig
  readonly lifetime: RecordLifetime
  readonly flow: Pick<ReturnType<typeof createFlow>, 'report'>
  readonly client: Pick<ServerClient, 'signOut'>
  readonly lives: ReturnType<typeof createLiveSessions>
  readonly sessions: RequestSessions
  readonly links: SignInLinks
  readonly origin: string
}

/** Signs out: here, then at the server. */
export function createSessionSignOut({ config, lifetime, flow, client, lives, sessions, links, origin }: Parts) {
  const { sessionStore, postLogoutRedirectUri } = config
  const { context, use, deleteCookie } = sessions
  const failed = (error: unknown): undefined => void flow.report({ type: 'sign_out_failed', code: codeOf(error) })

  /** @returns the ID token of the session that has ended */
  async function end(session: LiveSession): Promise<string | undefined> {
    const { machine } = session.parts
    await session.sync().catch(failed)
    const stored = await machine.end('signed_out')
    if (!stored) failed(new ProofkeyError('storage_unavailable', 'The store still has the session.'))
    return machine.last?.idToken
  }

  /** Ends the sessions of sign-ins whose cookie the browser had not received yet, and refuses those that are under way. */
  async function endStarted(request: Request): Promise<string | undefined> {
    const started = await links.signOut(await links.pending(context(request).jar))
    const records = await Promise.all(started.map((cookie) => sessionStore.open(cookie, lifetime)))
    const ended = await Promise.all(records.map((record) => record && lives.use(record, end)))
    return ended.find((idToken) => idToken)
  }

  return async (
    request: Request,
    options: Pick<SignOutOptions, 'returnTo' | 'logoutHint' | 'uiLocales'> = {},
  ): Promise<Response> => {
    if (!isSameOriginRequest(request, origin)) {
      flow.report({ type: 'sign_out_failed', code: 'start_refused' })
      return new Response('Sign out on a page of this site.', { status: 403, headers: { 'cache-control': 'no-store' } })
    }
    return use(request, async (session) => {
      // The server's part would be refused too: then nothing has ended.
      if (refuseStart(request, 'sign-out', origin)) return client.signOut(request)
      const [own, started] = await Promise.all([session && end(session), endStarted(request).catch(failed)])
      deleteCookie(context(request))
      return client.signOut(request, { ...options, idTokenHint: started ?? own, postLogoutRedirectUri })
    })
  }
}
