import { codeOf, ProofkeyError } from '../../errors.js'
import type { createFlow, SignInResult } from '../../flow/flow.js'
import type { SessionMachine } from '../../session/session-machine.js'
import { sessionAfterSignIn, userOf } from '../../session/session-record.js'
import { ENDED, nobody } from '../../session/token-source.js'
import { withHeaders } from '../create-server-client.js'
import type { ServerClient } from '../server-client.js'
import type { createLiveSessions, LiveSession } from './live-sessions.js'
import { headersOf, type RequestSessions } from './request-sessions.js'
import type { CheckedSessionConfig } from './server-session-config.js'
import type { RecordLifetime } from './server-session-store.js'
import type { SignInLinks } from './sign-in-links.js'

interface Parts {
  readonly config: CheckedSessionConfig
  readonly lifetime: RecordLifetime
  readonly flow: Pick<ReturnType<typeof createFlow>, 'clientKey' | 'report'>
  readonly client: Pick<ServerClient, 'handleCallback'>
  readonly lives: ReturnType<typeof createLiveSessions>
  readonly sessions: RequestSessions
  readonly links: SignInLinks
}

/** What a sign-in replaces, and what can end it while its code is exchanged. */
interface Before {
  /** The session that the request's cookie names, and its id if it is not over. */
  readonly session: LiveSession | undefined
  readonly id: string | undefined
  readonly pending: Awaited<ReturnType<SignInLinks['pending']>>
}

/** Completes sign-ins: always under a new secret, so that one that somebody planted before it is worth nothing. */
export function createSignInCompletion({ config, lifetime, flow, client, lives, sessions, links }: Parts) {
  const { sessionStore, userInfo, dpop } = config
  const { clientKey, report } = flow
  const { context, use, writeCookie } = sessions

  /** From here on: a sign-out that comes while the code is exchanged ends this sign-in too. */
  async function begin(request: Request, session: LiveSession | undefined): Promise<Before> {
    try {
      const pending = await links.pending(context(request).jar)
      await session?.sync()
      const work = await session?.parts.machine.begin()
      return { session, id: work?.session?.id, pending }
    } catch (error) {
      report({ type: 'sign_in_failed', code: codeOf(error) })
      throw error
    }
  }

  /** Starts the session of a sign-in. If it does not start, its tokens are revoked. */
  async function startSession(request: Request, result: SignInResult, before: Before): Promise<void> {
    let machine: SessionMachine | undefined
    const start = async () => {
      const record = await sessionStore.create(lifetime)
      await lives.use(record, async (next) => {
        machine = next.parts.machine
        await keepSession(request, next, result, before)
      })
    }
    try {
      // No refresh of the session before runs meanwhile.
      await (before.session && before.id ? before.session.parts.machine.exclusive(start) : start())
    } catch (error) {
      await (machine?.last ? machine.end('signed_out') : lives.discard(result.tokens))
      report({ type: 'sign_in_failed', code: codeOf(error) })
      throw withHeaders(error, headersOf(context(request).jar))
    }
  }

  async function keepSession(request: Request, next: LiveSession, result: SignInResult, before: Before) {
    const { machine } = next.parts
    const { tokens, claims, origin } = result
    const of = context(request)
    const jkt = await dpop?.thumbprint(clientKey, true)
    const held = await before.session?.sync()
    const work = await machine.begin()
    await machine.touch()
    const others = await links.add(before.pending, await next.record.cookie())
    const session = () => sessionAfterSignIn(result, held, { jkt, origin })
    const isKept =
      others && (await machine.keep(work, 'user', session, { type: 'session_started', scope: tokens.scope }))
    next.checkStored()
    if (!isKept) throw nobody(ENDED)
    const user = userOf(claims)
    if (before.session && before.id) await endBefore(before.session, before.id, user)
    for (const other of others) await endOther(other, user)
    if (!tokens.refreshToken && Object.keys(config.apis).length) report({ type: 'refresh_token_missing' })
    await userInfo?.(next.parts)
    await writeCookie(of, next)
    // Nobody receives the cookie, and the code is spent.
    if (request.signal.aborted) throw new ProofkeyError('aborted', 'The browser has left.', 'Sign in again.')
    of.record = Promise.resolve(next.record)
  }

  async function replace(session: LiveSession, id: string, user: string | undefined): Promise<void> {
    const { machine } = session.parts
    const isSame = user !== undefined && userOf(machine.last?.session.claims) === user
    session.replacedBy = isSame ? 'same_user' : 'other_user'
    await machine.end('replaced', id)
  }

  /** Ends the session that a sign-in has replaced. @throws `login_required` if there was a sign-out meanwhile */
  async function endBefore(before: LiveSession, id: string, user: string | undefined): Promise<void> {
    const { machine } = before.parts
    if (machine.endedBy !== 'signed_out') await replace(before, id, user)
    if (machine.endedBy === 'signed_out') throw nobody(ENDED)
  }

  /** Ends a session that another callback of this browser has just started. */
  async function endOther(cookie: string, user: string | undefined): Promise<void> {
    const record = await sessionStore.open(cookie, lifetime)
    if (!record) return
    await lives.use(record, async (session) => {
      const current = await session.sync()
      if (current) await replace(session, current.id, user)
    })
  }

  return (request: Request) =>
    use(request, async (session) => {
      const before = await begin(request, session)
      const signedIn = await client.handleCallback(request)
      await startSession(request, signedIn, before)
      return { ...signedIn, headers: headersOf(context(request).jar) }
    })
}
