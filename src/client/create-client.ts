import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { isProofkeyError } from '../errors.js'
import type { Listener, ProofkeyEvent } from '../events.js'
import { createFlow, otherClient, type SignInResult, type StartOptions } from '../flow/flow.js'
import { checkConfig } from '../flow/flow-config.js'
import {
  callbackParameters,
  driftedPart,
  isCallback,
  unknownState,
  withoutCallbackParameters,
} from '../protocol/authorize/callback.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { CompleteOptions, Grant } from '../protocol/token/complete.js'
import type { ExchangedGrant } from '../protocol/token/exchange-at.js'
import { redirect } from '../user-agents/redirect.js'
import type { SignInAttempt, UserAgent } from '../user-agents/user-agent.js'
import { indexedDbVault } from '../vault/indexeddb.js'
import { memoryVault } from '../vault/memory.js'
import { currentUrl, swapUrl } from './address-bar.js'
import type { ClientConfig, ExchangeClientConfig, WithDpop, WithoutDpop } from './client-config.js'

export interface SignInOptions extends StartOptions {
  readonly userAgent?: UserAgent | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CallbackOptions {
  /** The callback URL. Default: the page's own, whose callback parameters are removed at once. */
  readonly url?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Client<Given = Grant> {
  /**
   * Starts a sign-in. By redirect it leaves the page, and resolves (with undefined) only if the person comes back to
   * the very same page by the Back button. Where the user agent keeps the page, it resolves with the result.
   * @throws before the page is left, if the sign-in could not be finished later: `config_invalid`, `insecure_context`,
   * `storage_unavailable`, `storage_full`, `storage_refused_key`, `redirect_uri_mismatch`, `embedded_webview`, `aborted`,
   * and what {@link Client.preload} throws; where the page stays, what its user agent and {@link Client.handleCallback}
   * throw
   */
  signIn(options?: SignInOptions): Promise<SignInResult<Given> | undefined>
  /**
   * Finishes the sign-in whose callback this page was loaded with. Call it on every load of the redirect URI: without
   * a callback of this client it resolves with undefined and does nothing; called twice, while the page stays at the
   * cleaned URL, it gives the same result twice.
   * @throws for the callback: `unknown_state`, `expired`, `already_completed`, `other_client`, `record_unreadable`,
   * `callback_malformed`, `callback_issuer_mismatch`, `redirect_uri_mismatch`, `access_denied`, `authorization_failed`;
   * for the token request: `network_error`, `timeout`, `aborted`, `response_refused`, `endpoint_refused`,
   * `token_request_refused`, `token_response_invalid`, `id_token_invalid`, `acr_not_met`, `scope_missing`; for the
   * storage: `insecure_context`, `storage_unavailable`. Where the error is `retryable`, sign-in and URL are back in
   * their place.
   */
  handleCallback(options?: CallbackOptions): Promise<SignInResult<Given> | undefined>
  /**
   * Loads the server's metadata and opens the storage ahead of time, so that `signIn()` makes no request.
   * @throws `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`, `network_error`, `timeout`, `response_refused`
   */
  preload(): Promise<void>
  /** Listens to what happens; returns its own undo. */
  subscribe(listener: Listener<ProofkeyEvent>): () => void
}

/**
 * A client of one authorization server. Make it once, where the app starts; any number of them share an origin.
 * Does nothing by itself and needs no `window` to be made.
 * @throws `config_invalid`; for `metadata` given by hand `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`
 */
export function createClient(config: ExchangeClientConfig): Client<ExchangedGrant>
export function createClient(config: WithDpop<ClientConfig>): Client<Grant<'dpop'>>
export function createClient(config: WithoutDpop<ClientConfig>): Client<Grant<'bearer'>>
export function createClient(config: ClientConfig): Client
export function createClient(config: ClientConfig): Client {
  return buildClient(config).client
}

/** The client, and what a client that does more is built upon. */
export function buildClient(config: ClientConfig) {
  checkConfig(config)
  const { redirectUri, vault = indexedDbVault() } = config
  const memory = memoryVault()
  const flow = createFlow(config)
  /** The last one that was finished, and the last of those that `handleCallback` was asked for. */
  let finished: { href: string; result: Promise<SignInResult> } | undefined
  let handled: { clean: string; result: Promise<SignInResult> } | undefined

  async function signIn({ signal, userAgent = config.userAgent ?? redirect(), ...options }: SignInOptions = {}) {
    let awaited: { readonly state: string; readonly id: string; readonly callbackUri: URL } | undefined
    let result: SignInResult | undefined
    let reported = false
    /** A failure that was reported where it happened is not reported again, whatever error the user agent makes of it. */
    const reportOnce = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error) => {
        reported = true
        throw error
      })
    const attempt: SignInAttempt = {
      redirectUri,
      signal,
      async begin({ redirectUri: callbackUri = redirectUri, ...overrides } = {}) {
        const vaults = userAgent.keepsPage ? ([vault, memory] as const) : ([vault] as const)
        const start = flow.start(vaults, { ...options, ...overrides }, signal, callbackUri)
        const { url, state, id } = await reportOnce(start)
        awaited = { state, id, callbackUri: new URL(callbackUri) }
        return { url, state, responseMode: config.responseMode ?? 'query' }
      },
      isCallback(given) {
        const url = parseUrl(given)
        return !!awaited && !!url && !driftedPart(awaited.callbackUri, url) && stateOf(url) === awaited.state
      },
      async complete(given) {
        const url = parseUrl(given)
        if (!url || stateOf(url) !== awaited?.state) throw unknownState()
        result = await reportOnce(finish(url.href, awaited.state, { signal }))
      },
    }
    try {
      await userAgent.open(attempt)
      return result
    } catch (error) {
      throw reported ? error : flow.failed(error, awaited?.id)
    }
  }

  async function handleCallback({ url: given, signal }: CallbackOptions = {}): Promise<SignInResult | undefined> {
    const page = currentUrl()
    const url = parseUrl(given ?? page, page)
    const state = (url && stateOf(url)) ?? ''
    // Elsewhere than at the redirect URI, only a state of ours makes an answer ours.
    if (!url || !isCallback(callbackParameters(url)) || (!isTicket(state) && driftedPart(new URL(redirectUri), url))) {
      return url && handled?.clean === url.href ? handled.result : undefined
    }
    // Left alone, in the vault and in the address bar: its own client will want it.
    if (isTicket(state) && !ticketIsTaggedFor(state, flow.clientKey)) throw flow.failed(otherClient())

    // Before the first await, so that no other script of the page, no reload and no Referer sees the code.
    const clean = withoutCallbackParameters(url)
    swapUrl(url.href, clean)
    handled = { clean, result: finish(url.href, state, { signal }, clean) }
    return handled.result
  }

  /** One URL is finished once, however often and by whichever way it is delivered. */
  function finish(href: string, state: string, options: CompleteOptions, clean?: string): Promise<SignInResult> {
    if (finished?.href === href) return finished.result
    const work = isTicket(state) ? flow.complete([memory, vault], href, state, options) : Promise.reject(unknownState())
    const result = work.catch(async (error) => {
      if (isProofkeyError(error) && error.retryable) {
        if (finished?.result === result) finished = undefined
        if (clean) swapUrl(clean, href)
      }
      throw flow.failed(error, isTicket(state) ? await ticketId(state) : undefined)
    })
    finished = { href, result }
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
  return { client, flow, vault }
}

const stateOf = (url: URL): string => callbackParameters(url).get('state') ?? ''
