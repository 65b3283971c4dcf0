import { createTicket, isTicket, ticketIsTaggedFor } from '../crypto/ticket.js'
import { codeOf, isProofkeyError, ProofkeyError } from '../errors.js'
import type { createFlow } from '../flow/flow.js'
import type { FlowConfig } from '../flow/flow-config.js'
import { sameOriginPath } from '../flow/return-to.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { callbackParameters } from '../protocol/authorize/callback.js'
import { parseUrl, removeParameter } from '../protocol/discovery/endpoint.js'
import { omittedHint } from '../protocol/hints.js'
import { endSessionUrl, unknownSignOut } from '../protocol/sign-out/end-session.js'
import { currentUrl, swapUrl } from '../user-agents/address-bar.js'
import type { Vault } from '../vault/vault.js'
import type { SessionMachine } from './session-machine.js'

/** Options of one sign-out. */
export interface SignOutOptions {
  /**
   * Also ends the server's session, for which the page is left (RP-Initiated Logout §2). Default: true if there is a
   * `postLogoutRedirectUri`. If the server has no `end_session_endpoint`, the page is not left.
   */
  readonly atServer?: boolean | undefined
  /** The path to continue at when the user is back, of this origin. Default `/`. */
  readonly returnTo?: string | undefined
}

/** Options of a client about its sign-outs. */
export interface SignOutConfig {
  /** Where the server redirects to after a sign-out, exactly as registered. Default: none. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Navigates to the server for the sign-out. Default `location.assign`. */
  readonly navigate?: ((url: string) => void) | undefined
}

interface SignOutParts {
  readonly flow: ReturnType<typeof createFlow>
  readonly vault: Vault
  /** Forgets what `handleCallback` and `signIn` have returned, and the callback in the page's URL. */
  forget(): void
}

/** The server may ask the user to confirm the sign-out. */
const LIFETIME_MS = 600_000

export function createSessionSignOut(
  machine: SessionMachine,
  { flow, vault, forget }: SignOutParts,
  config: FlowConfig & SignOutConfig,
) {
  const { clientId, postLogoutRedirectUri, insecure, dpop, provider, navigate = (url) => location.assign(url) } = config
  if (postLogoutRedirectUri !== undefined && !parseUrl(postLogoutRedirectUri))
    throw configInvalid(['postLogoutRedirectUri: an absolute URL, exactly as registered'])
  const signOutKey = `${flow.clientKey} sign-out`
  const failed = (error: unknown): undefined => void flow.report({ type: 'sign_out_failed', code: codeOf(error) })

  /** Whatever the server does, nobody is signed in here any more when this function gives way. */
  async function endHere(): Promise<void> {
    forget()
    const [stored] = await Promise.all([
      machine.end('signed_out'),
      // The key too: proofs that a script made ahead of time are worth nothing in the next session (RFC 9449 §11.2).
      dpop?.forget?.(flow.clientKey).catch(failed),
    ])
    if (!stored) failed(new ProofkeyError('storage_unavailable', 'The store still has the session.'))
  }

  const { signOut, handleSignedOut } = {
    /** Local first. */
    async signOut({ atServer = !!postLogoutRedirectUri, returnTo = '/' }: SignOutOptions = {}): Promise<void> {
      await endHere()
      const state = postLogoutRedirectUri && createTicket(signOutKey, Date.now() + LIFETIME_MS)
      const idTokenHint = machine.last?.idToken
      const request = { clientId, idTokenHint, postLogoutRedirectUri, state, insecure, provider }
      const endpoint = atServer ? flow.metadata().then((server) => endSessionUrl(server, request)) : undefined
      const url = await endpoint?.catch(failed)
      const omitted = omittedHint(url, idTokenHint, provider)
      if (omitted) flow.report(omitted)
      if (url && state) {
        // Where it cannot wait, nothing is checked when the person comes back.
        await flow.put(vault, state, signOutKey, sameOriginPath(returnTo) ?? '/').catch((error) => {
          failed(error)
          removeParameter(url, 'state')
        })
      }
      flow.report({ type: 'sign_out_started', endpoint: url && url.origin + url.pathname })
      if (url) navigate(url.href)
    },

    /**
     * Call it on every load of `postLogoutRedirectUri`: takes the one-time `state` out of the URL and checks it.
     * @returns where to go on, or undefined where nobody comes back from a sign-out
     * @throws `unknown_state`, where the sign-out was not started here; `storage_unavailable`, `insecure_context`
     */
    async handleSignedOut(given = currentUrl()): Promise<{ readonly returnTo: string } | undefined> {
      const url = parseUrl(given, currentUrl())
      if (!url || !postLogoutRedirectUri) return undefined
      const landed = url.href
      const state = callbackParameters(url).get('state') ?? ''
      if (!isTicket(state) || !ticketIsTaggedFor(state, signOutKey)) return undefined
      url.searchParams.delete('state')
      swapUrl(landed, url.href)
      try {
        const taken = await vault.take(state, signOutKey)
        if (taken.status !== 'taken') throw unknownSignOut()
        flow.report({ type: 'sign_out_completed' })
        return { returnTo: taken.value }
      } catch (error) {
        failed(error)
        if (isProofkeyError(error) && error.retryable) swapUrl(url.href, landed)
        throw error
      }
    },
  }

  let signingOut: Promise<void> | undefined
  return {
    handleSignedOut,
    /** Called again while it is under way, it visits the server once, and signs out who has signed in meanwhile. */
    async signOut(options?: SignOutOptions): Promise<void> {
      const again = signingOut && endHere()
      signingOut ??= signOut(options).finally(() => {
        signingOut = undefined
      })
      await Promise.all([again, signingOut])
    },
  }
}
