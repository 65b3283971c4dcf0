import { createTicket, isTicket, ticketIsTaggedFor } from '../crypto/ticket.js'
import { isProofkeyError } from '../errors.js'
import { sameOriginPath } from '../flow/return-to.js'
import { callbackParameters, unknownState } from '../protocol/callback.js'
import { endSessionUrl } from '../protocol/end-session.js'
import { revokeToken } from '../protocol/revoke.js'
import { currentUrl, swapUrl } from './address-bar.js'
import type { ClientConfig } from './config.js'
import type { buildClient } from './create-client.js'
import type { SessionKeeper } from './session.js'

export interface SignOutOptions {
  /** Ends the server's own session too, which means leaving the page. Default true, where the server can. */
  readonly atServer?: boolean | undefined
  /** Where the app wants to go on afterwards: a path of this origin. Default `/`. */
  readonly returnTo?: string | undefined
}

export interface SignOutConfig extends ClientConfig {
  /** Where the server sends the person back to after a sign-out, exactly as registered. */
  readonly postLogoutRedirectUri?: string | undefined
  /** Leaves the page for the sign-out. Default `location.assign`. */
  readonly navigate?: ((url: string) => void) | undefined
}

/** Long enough for a server's question whether the person really wants to sign out. */
const LIFETIME_MS = 600_000

export function createSignOut(
  keeper: SessionKeeper,
  { flow, vault }: ReturnType<typeof buildClient>,
  config: SignOutConfig,
) {
  const { clientId, postLogoutRedirectUri, insecure, dpop, navigate = (url) => location.assign(url) } = config
  const self = `${flow.self} sign-out`

  return {
    /** Local first: whatever the server does, nobody is signed in here any more when this function gives way. */
    async signOut({ atServer = true, returnTo = '/' }: SignOutOptions = {}): Promise<void> {
      const held = keeper.held ?? (await keeper.sync().catch(() => undefined))
      if (!held) return
      // The key too: proofs that a script made ahead of time are worth nothing in the next session (RFC 9449 §11.2).
      const forgotten = Promise.all([keeper.end('signed_out'), dpop?.forget?.(flow.self)])
      const server = await flow.metadata().catch(() => undefined)
      await forgotten
      if (!server) return
      const tokens = [
        ['refresh_token', held.refreshToken],
        ...Object.values(held.tokens).map(({ accessToken }) => ['access_token', accessToken] as const),
      ] as const
      if (server.revocation_endpoint) {
        // All at once, so that a server that hangs holds nobody up for longer than one request may take.
        const revoking = tokens.map(async ([tokenTypeHint, token]) => {
          if (!token) return
          await revokeToken(server, clientId, token, { ...config, tokenTypeHint }).catch((error) =>
            flow.report({
              type: 'revocation_failed',
              token: tokenTypeHint,
              code: isProofkeyError(error) ? error.code : 'unexpected',
            }),
          )
        })
        await Promise.all(revoking)
      }
      if (!atServer || !postLogoutRedirectUri) return
      const state = createTicket(self, Date.now() + LIFETIME_MS)
      const request = { clientId, idTokenHint: held.idToken, postLogoutRedirectUri, state, insecure }
      const url = endSessionUrl(server, request)
      if (!url) return
      await vault.put(state, self, sameOriginPath(returnTo) ?? '/')
      navigate(url.href)
    },

    /**
     * Call it on every load of `postLogoutRedirectUri`: takes the one-time `state` out of the URL and checks it.
     * @returns where to go on, or undefined where nobody comes back from a sign-out
     * @throws `unknown_state`, where the sign-out was not started here
     */
    async handleSignedOut(given = currentUrl()): Promise<{ readonly returnTo: string } | undefined> {
      if (!given || !postLogoutRedirectUri) return undefined
      const url = new URL(given)
      const state = callbackParameters(url).get('state') ?? ''
      if (!isTicket(state) || !ticketIsTaggedFor(state, self)) return undefined
      url.searchParams.delete('state')
      swapUrl(given, url.href)
      const taken = await vault.take(state, self)
      if (taken.status !== 'taken') throw flow.failed(unknownState())
      return { returnTo: taken.value }
    },
  }
}
