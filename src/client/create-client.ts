import { containsTicketOf, isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { isProofkeyError, type ProofkeyError } from '../errors.js'
import type { ProofkeyEvent, Subscribe } from '../events.js'
import { createFlow, otherClient, type SignInResult, type StartOptions } from '../flow/flow.js'
import { checkConfig } from '../flow/flow-config.js'
import { keepMetadata } from '../flow/kept-metadata.js'
import type { beginAuthorization } from '../protocol/authorize/begin.js'
import {
  callbackParameters,
  differingPart,
  errorWithoutState,
  isCallback,
  malformed,
  unknownState,
  withoutCallbackParameters,
} from '../protocol/authorize/callback.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { Profile } from '../protocol/profile.js'
import type { CompleteOptions, Grant } from '../protocol/token/complete.js'
import type { Dpop } from '../protocol/token/dpop.js'
import type { Exchange, ExchangedGrant } from '../protocol/token/exchange-at.js'
import { currentUrl, swapUrl } from '../user-agents/address-bar.js'
import { redirect } from '../user-agents/redirect.js'
import type { SignInAttempt, SilentUserAgent, UserAgent } from '../user-agents/user-agent.js'
import { indexedDbVault } from '../vault/indexeddb.js'
import type { Vault } from '../vault/vault.js'
import type { ClientConfig, ConfigFor, ExchangeClientConfig, GrantOf } from './client-config.js'

/** Options of one sign-in; its {@link AuthorizationParameters} override those of the client. */
export interface SignInOptions extends StartOptions {
  /** How to show the server's pages, this time. Default: that of the configuration. */
  readonly userAgent?: UserAgent | SilentUserAgent | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link Client.handleCallback}. */
export interface CallbackOptions {
  /** The callback URL. Default: the URL of the page. Its response parameters are removed from the address bar at once. */
  readonly url?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A client for one authorization server, in a browser: sign-in and callback, without a session. See {@link createClient}. */
export interface Client<Given = Grant> {
  /**
   * Starts a sign-in. With `redirect()` it navigates away from this page; it resolves with undefined only if the user
   * returns to the same page with the Back button. With `popup()`, `frame()`, `deepLink()` and `loopback()` it resolves
   * with the result.
   * @throws before it navigates, if the callback could not be handled later: `config_invalid`, `insecure_context`,
   * `storage_unavailable`, `storage_full`, `storage_refused_key`, `redirect_uri_mismatch`, `embedded_webview`, `aborted`,
   * and the errors of {@link Client.preload}; if the page is not left, also the errors of the user agent and of
   * {@link Client.handleCallback}
   */
  signIn(options?: SignInOptions): Promise<SignInResult<Given> | undefined>
  /**
   * Completes the sign-in if the URL of this page is a callback. Call it whenever the page at the redirect URI loads. If
   * the URL is not a callback of this client, it does nothing and resolves with undefined. It removes the response
   * parameters from the address bar; as long as that URL stays, a second call returns the same result.
   * @throws for the callback: `unknown_state`, `expired`, `already_completed`, `other_client`, `record_unreadable`,
   * `callback_malformed`, `callback_issuer_mismatch`, `redirect_uri_mismatch`, `access_denied`, `authorization_failed`;
   * for the token request: `network_error`, `timeout`, `aborted`, `response_refused`, `endpoint_refused`,
   * `token_request_refused`, `token_response_invalid`, `id_token_invalid`, `acr_not_met`, `scope_missing`; for the
   * storage: `insecure_context`, `storage_unavailable`, `storage_outcome_unknown`. If the error is `retryable`, the stored
   * sign-in and the URL are restored: call it again. If the stored sign-in could be read, the error has its `returnTo` and
   * `appState`.
   */
  handleCallback(options?: CallbackOptions): Promise<SignInResult<Given> | undefined>
  /**
   * Loads the server's metadata and opens the storage in advance, so that `signIn()` sends no request before it navigates.
   * @throws `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`, `network_error`, `timeout`, `response_refused`
   */
  preload(): Promise<void>
  /** Calls `listener` for each event. @returns a function that ends the subscription */
  readonly subscribe: Subscribe<ProofkeyEvent>
}

/**
 * Creates a client for one authorization server. Create it once, when the app starts. Several clients can share an origin.
 * It sends no request and needs no `window`, so it can be created during server-side rendering.
 * @throws `config_invalid`; for the `metadata` option `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`
 * @example
 * ```ts
 * import { createClient } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid profile',
 * })
 * document.querySelector('#sign-in')?.addEventListener('click', () => auth.signIn({ returnTo: '/inbox' }))
 * const result = await auth.handleCallback() // undefined on every page that is not a callback
 * console.log(result?.claims?.sub)
 * ```
 */
export function createClient<
  DpopOption extends Dpop | undefined = undefined,
  ExchangeOption extends Exchange | undefined = undefined,
  ProfileOption extends Profile | undefined = undefined,
>(
  config: ConfigFor<
    ExchangeOption extends Exchange ? ExchangeClientConfig : ClientConfig,
    DpopOption,
    ExchangeOption,
    ProfileOption
  >,
): Client<ExchangeOption extends Exchange ? ExchangedGrant : GrantOf<DpopOption>> {
  return buildClient(config as ClientConfig).client as never
}

/**
 * Also returns the parts that `createSessionClient` is built on.
 * @param onCallback is called when a callback has come, before the code is redeemed; what it returns gets the result
 * @param begin builds the authorization requests
 */
export function buildClient(
  config: ClientConfig,
  onCallback?: () => (result: SignInResult) => void,
  begin?: typeof beginAuthorization,
) {
  checkConfig(config)
  const { redirectUri, vault = indexedDbVault() } = config
  // Kept by issuer: what a provider completes or corrects must not reach a client without it.
  const documents = config.provider ? undefined : vault.documents
  const flow = createFlow(config, { begin, kept: documents && keepMetadata(documents, config) })
  /** Where the sign-ins that this page started are stored, by their `state`. */
  const vaults = new Map<string, Vault>()
  /** The last completed sign-in, and the last one that `handleCallback` was called for. */
  let completed: { href: string; result: Promise<SignInResult> } | undefined
  let handled: { cleanUrl: string; result: Promise<SignInResult> } | undefined
  let signOuts = 0

  async function signIn({ signal, userAgent = config.userAgent ?? redirect(), ...options }: SignInOptions = {}) {
    let pending: { readonly state: string; readonly id: string; readonly callbackUri: URL } | undefined
    let result: SignInResult | undefined
    let reported = false
    /** `flow` has reported this failure. Do not report it again when the user agent rejects, even with another error. */
    const reportOnce = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error) => {
        reported = true
        throw error
      })
    const attempt: SignInAttempt = {
      redirectUri,
      signal,
      async begin({ redirectUri: callbackUri = redirectUri, ...overrides } = {}) {
        const start = flow.start(vault, { ...options, ...overrides }, signal, callbackUri, userAgent.memory)
        const { url, state, id, storedIn } = await reportOnce(start)
        vaults.set(state, storedIn)
        pending = { state, id, callbackUri: new URL(callbackUri) }
        return { url, state, responseMode: config.responseMode ?? 'query', toString: () => url.href }
      },
      isCallback(given) {
        const url = parseUrl(given)
        return !!pending && !!url && !differingPart(pending.callbackUri, url) && stateOf(url) === pending.state
      },
      async complete(given) {
        const url = parseUrl(given)
        if (!url || stateOf(url) !== pending?.state) throw unknownState()
        result = await reportOnce(completeOnce(url.href, pending.state, { signal }))
      },
    }
    try {
      await userAgent.open(attempt)
      return result
    } catch (error) {
      throw reported ? error : flow.failed(error, pending?.id)
    }
  }

  async function handleCallback({ url: given, signal }: CallbackOptions = {}): Promise<SignInResult | undefined> {
    const page = currentUrl()
    const url = parseUrl(given ?? page, page)
    if (!url) return undefined
    const parameters = callbackParameters(url)
    const state = parameters.get('state') ?? ''
    let refusal: ProofkeyError | undefined
    // Without our form of `state`, the parameters may be those of the app, or of another OAuth flow.
    if (!isTicket(state) || !isCallback(parameters)) {
      if (handled?.cleanUrl === url.href) return handled.result
      if (isOurs(url))
        throw flow.failed(
          malformed('was rewritten or is incomplete', 'Call handleCallback() before the router; check the proxy.'),
        )
      if (!differingPart(new URL(redirectUri), url)) refusal = errorWithoutState(parameters)
      if (!refusal) return undefined
    }
    // Leave the vault and the address bar unchanged for the client that this callback belongs to.
    else if (!ticketIsTaggedFor(state, flow.clientKey)) throw otherClient()

    // Before the first await, so that other scripts, a reload and the Referer header cannot see the code.
    const cleanUrl = withoutCallbackParameters(url)
    swapUrl(url.href, cleanUrl)
    // The page may come back from the back/forward cache after a sign-out.
    globalThis.addEventListener?.('pagehide', forgetResults, { once: true })
    handled = { cleanUrl, result: completeOnce(url.href, state, { signal }, cleanUrl, refusal) }
    return handled.result
  }

  /** Completes each callback URL once, even if it arrives twice: by `handleCallback` and by the user agent. */
  function completeOnce(
    href: string,
    state: string,
    options: CompleteOptions,
    cleanUrl?: string,
    refusal?: ProofkeyError,
  ): Promise<SignInResult> {
    if (completed?.href === href) return completed.result
    const work = refusal ? Promise.reject(refusal) : flow.complete(vaults.get(state) ?? vault, href, state, options)
    const onResult = onCallback?.()
    const signOutsBefore = signOuts
    const result = work
      .then((result) => {
        onResult?.(result)
        return result
      })
      .catch(async (error) => {
        if (isProofkeyError(error) && error.retryable) {
          if (completed?.result === result) completed = undefined
          if (cleanUrl && signOuts === signOutsBefore) swapUrl(cleanUrl, href)
        }
        throw flow.failed(error, refusal ? undefined : await ticketId(state))
      })
    completed = { href, result }
    return result
  }

  const client: Client = {
    signIn,
    handleCallback,
    async preload() {
      vault.prepare?.()
      await flow.metadata()
    },
    subscribe: flow.subscribe,
  }
  /** The page's URL, if it is a callback of this client. */
  const ownCallback = () => {
    const url = parseUrl(currentUrl())
    return url && isOurs(url) ? url : undefined
  }
  /** Whether the page's URL is a callback of this client, and `handleCallback` was not called. */
  const isCallbackUnhandled = () => !handled && !!ownCallback()
  /** Whether a URL contains a `state` of this client and a response, in any place and encoding. */
  const isOurs = ({ href }: URL) =>
    containsTicketOf(flow.clientKey, href) && /(code|error|reason|token)[=%/]/.test(href)
  /** Results that were returned are not returned again. */
  const forgetResults = () => {
    completed = undefined
    handled = undefined
  }
  /** At a sign-out: also a callback that was not completed is not completed later. */
  const forget = () => {
    signOuts++
    forgetResults()
    const url = ownCallback()
    if (url) swapUrl(url.href, withoutCallbackParameters(url))
  }
  return { client, flow, vault, forget, isCallbackUnhandled }
}

const stateOf = (url: URL): string => callbackParameters(url).get('state') ?? ''
