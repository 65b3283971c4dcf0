import { createTicket, isTicket } from '../crypto/ticket.js'
import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { sameOriginPath } from '../flow/return-to.js'
import { MAX_RESPONSE_HEAD_BYTES, MAX_RETURN_TO_BYTES, MAX_URL_BYTES } from '../limits.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { isBadRequest } from '../protocol/bad-request.js'
import { clientKeyOf } from '../protocol/client-key.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { omittedHint } from '../protocol/hints.js'
import { type EndSessionRequest, endSessionUrl, unknownSignOut } from '../protocol/sign-out/end-session.js'
import type { Vault } from '../vault/vault.js'
import type { RequestCookies } from './edge/cookies.js'
import { headBytes } from './edge/response-head.js'
import { refuseStart } from './edge/start-guard.js'

/** Parameters of the logout request (OpenID Connect RP-Initiated Logout 1.0 §2), and the path to continue at. */
export interface SignOutOptions
  extends Pick<EndSessionRequest, 'idTokenHint' | 'postLogoutRedirectUri' | 'logoutHint' | 'uiLocales'> {
  /** The path to continue at after the sign-out, of this origin. Default `/`. */
  readonly returnTo?: string | undefined
}

/** The result of a return from the server's sign-out. */
export interface SignedOut {
  /** A path of this origin: safe to navigate to. */
  readonly returnTo: string
  /** Headers to add to the response (`Set-Cookie`, `Cache-Control`). */
  readonly headers: Headers
}

interface Parts {
  readonly config: Pick<EndSessionRequest, 'clientId' | 'insecure' | 'provider'> & {
    readonly issuer: string
    readonly redirectUri: string
    readonly lifetimeSeconds?: number | undefined
  }
  metadata(): Promise<CheckedMetadata>
  report(event: EventBody): void
  put(vault: Vault, ticket: string, owner: string, value: string): Promise<void>
  jarOf(request: Request): RequestCookies
  vaultOf(jar: RequestCookies): Vault
  headersOf(jar: RequestCookies, more?: HeadersInit): Headers
  withHeaders(error: unknown, headers: Headers): unknown
}

/** The sign-out at the server and the return from it (OpenID Connect RP-Initiated Logout 1.0 §2 and §3). */
export function createServerSignOut({ config, metadata, report, put, jarOf, vaultOf, headersOf, withHeaders }: Parts) {
  const { issuer, clientId, redirectUri, lifetimeSeconds = 600, insecure, provider } = config
  const { origin } = new URL(redirectUri)
  // Not the owner of sign-ins, so that neither callback can take a record of the other.
  const clientKey = clientKeyOf(issuer, `${clientId} sign-out`)

  const failed = (error: unknown) => {
    report({ type: 'sign_out_failed', code: codeOf(error) })
    return error
  }

  return {
    async signOut(request: Request, options: SignOutOptions = {}): Promise<Response> {
      const { returnTo = '/', postLogoutRedirectUri, ...hints } = options
      const back = postLogoutRedirectUri === undefined ? undefined : parseUrl(postLogoutRedirectUri)
      if (postLogoutRedirectUri !== undefined && !back)
        throw failed(
          configInvalid(['postLogoutRedirectUri (string): must be the absolute URL registered at the server']),
        )
      const refused = refuseStart(request, 'sign-out', origin)
      if (refused) {
        failed(refused.error)
        return refused.response
      }
      const path = sameOriginPath(returnTo, MAX_RETURN_TO_BYTES)
      if (!path) report({ type: 'return_to_refused' })

      const jar = jarOf(request)
      const state = back && createTicket(clientKey, Date.now() + lifetimeSeconds * 1000)
      // From here on no failure stops the sign-out: at worst the return is not recognised, or the server is not contacted.
      if (state) await put(vaultOf(jar), state, clientKey, path ?? '/').catch(failed)
      const maxUrlBytes = Math.min(MAX_URL_BYTES, MAX_RESPONSE_HEAD_BYTES - headBytes(headersOf(jar, { location: '' })))
      const logoutRequest = { ...hints, clientId, insecure, provider, postLogoutRedirectUri, state, maxUrlBytes }
      const atServer = await metadata()
        .then((server) => endSessionUrl(server, logoutRequest))
        .catch((error) => void failed(error))
      for (const omitted of [
        omittedHint(atServer, hints.idTokenHint, provider),
        omittedHint(atServer, hints.logoutHint, provider, 'logout_hint'),
      ])
        if (omitted) report(omitted)
      if (state) back.searchParams.set('state', state)
      // Without the server, which checks `postLogoutRedirectUri`, it has to be of this origin.
      const home = back?.origin === origin ? back : new URL(path ?? '/', origin)
      const url = atServer ?? home
      report({ type: 'sign_out_started', endpoint: atServer && atServer.origin + atServer.pathname })
      return new Response(null, { status: 303, headers: headersOf(jar, { location: url.href }) })
    },

    async handleSignedOut(request: Request): Promise<SignedOut> {
      const jar = jarOf(request)
      try {
        if (isBadRequest(request)) throw unknownSignOut()
        const [state = '', another] = new URL(request.url).searchParams.getAll('state')
        if (request.method !== 'GET' || another !== undefined) throw unknownSignOut()
        if (!isTicket(state)) throw unknownSignOut()
        const taken = await vaultOf(jar).take(state, clientKey)
        if (taken.status !== 'taken') throw unknownSignOut()
        report({ type: 'sign_out_completed' })
        return { returnTo: taken.value, headers: headersOf(jar) }
      } catch (error) {
        throw withHeaders(failed(error), headersOf(jar))
      }
    },
  }
}
