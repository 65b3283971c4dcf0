import { createTicket, isTicket } from '../crypto/ticket.js'
import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { sameOriginPath } from '../flow/return-to.js'
import { MAX_RESPONSE_HEAD_BYTES, MAX_RETURN_TO_BYTES, MAX_URL_BYTES } from '../limits.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { clientKeyOf } from '../protocol/client-key.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { CheckedMetadata } from '../protocol/discovery/metadata.js'
import { type EndSessionRequest, endSessionUrl, omittedHint, unknownSignOut } from '../protocol/sign-out/end-session.js'
import type { Vault } from '../vault/vault.js'
import { isBadRequest } from './edge/bad-request.js'
import type { RequestCookies } from './edge/cookies.js'
import { headBytes } from './edge/response-head.js'
import { refuseStart } from './edge/start-guard.js'

/** What the server is told (OpenID Connect RP-Initiated Logout 1.0 §2), and where the app goes on. */
export interface SignOutOptions
  extends Pick<EndSessionRequest, 'idTokenHint' | 'postLogoutRedirectUri' | 'logoutHint' | 'uiLocales'> {
  /** Where the app wants to go on afterwards: a path of this origin. Default `/`. */
  readonly returnTo?: string | undefined
}

/** The person is back from the server's sign-out. */
export interface SignedOut {
  /** A path of this origin: safe to navigate to. */
  readonly returnTo: string
  /** What the response must carry (`Set-Cookie`, `Cache-Control`). */
  readonly headers: Headers
}

interface Parts {
  readonly config: Pick<EndSessionRequest, 'clientId' | 'insecure'> & {
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

/** The way out by the server and back (OpenID Connect RP-Initiated Logout 1.0 §2 and §3). */
export function createSignOut({ config, metadata, report, put, jarOf, vaultOf, headersOf, withHeaders }: Parts) {
  const { issuer, clientId, redirectUri, lifetimeSeconds = 600, insecure } = config
  const { origin } = new URL(redirectUri)
  // Not the owner of sign-ins: neither callback opens what waits for the other.
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
        throw failed(configInvalid(['postLogoutRedirectUri: the absolute URL registered at the server']))
      const refused = refuseStart(request, 'sign-out', origin)
      if (refused) {
        failed(refused.error)
        return refused.response
      }
      const path = sameOriginPath(returnTo, MAX_RETURN_TO_BYTES)
      if (!path) report({ type: 'return_to_refused' })

      const jar = jarOf(request)
      const state = back && createTicket(clientKey, Date.now() + lifetimeSeconds * 1000)
      // Nothing that fails from here on keeps the person signed in: they come back unrecognised, or do not leave.
      if (state) await put(vaultOf(jar), state, clientKey, path ?? '/').catch(failed)
      const maxUrlBytes = Math.min(MAX_URL_BYTES, MAX_RESPONSE_HEAD_BYTES - headBytes(headersOf(jar, { location: '' })))
      const asked = { ...hints, clientId, insecure, postLogoutRedirectUri, state, maxUrlBytes }
      const elsewhere = await metadata()
        .then((server) => endSessionUrl(server, asked))
        .catch((error) => void failed(error))
      const omitted = omittedHint(elsewhere, hints.idTokenHint)
      if (omitted) report(omitted)
      if (state) back.searchParams.set('state', state)
      // No server has vouched for `postLogoutRedirectUri` then: it has to be of this origin.
      const home = back?.origin === origin ? back : new URL(path ?? '/', origin)
      const url = elsewhere ?? home
      report({ type: 'sign_out_started', endpoint: elsewhere && elsewhere.origin + elsewhere.pathname })
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
