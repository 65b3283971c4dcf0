import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { createEmitter, type EventBody, type Listener, type ProofkeyEvent } from '../events.js'
import { type AuthorizationParameters, beginAuthorization } from '../protocol/begin.js'
import {
  callbackParameters,
  checkLanding,
  driftedPart,
  isCallback,
  unknownState,
  withoutCallbackParameters,
} from '../protocol/callback.js'
import { completeAuthorization, expired, type Grant } from '../protocol/complete.js'
import { parseUrl } from '../protocol/endpoint.js'
import { checkMetadata, createMetadataSource, discover } from '../protocol/metadata.js'
import { owner } from '../protocol/owner.js'
import { scopes } from '../protocol/scope.js'
import type { Transaction } from '../protocol/transaction.js'
import type { UserAgent } from '../user-agents/contract.js'
import { redirect } from '../user-agents/redirect.js'
import type { Taken } from '../vault/contract.js'
import { indexedDbVault } from '../vault/indexeddb.js'
import { currentUrl, swapUrl } from './address-bar.js'
import { type ClientConfig, checkConfig } from './config.js'
import { sameOriginPath } from './return-to.js'

/** One sign-in's own wishes; its {@link AuthorizationParameters} go before the client's. */
export interface SignInOptions extends AuthorizationParameters {
  /** Where the app wants to go on afterwards: a path of this origin. Anything else becomes `/` (event `return_to_refused`). */
  readonly returnTo?: string | undefined
  /** Anything JSON can hold; comes back as it is, sealed in between. */
  readonly appState?: unknown | undefined
  readonly userAgent?: UserAgent | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CallbackOptions {
  /** The callback URL. Default: the page's own, whose callback parameters are removed at once. */
  readonly url?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A finished sign-in. */
export interface SignInResult extends Grant {
  /** A path of this origin, `/` by default: safe to navigate to. */
  readonly returnTo: string
  readonly appState: unknown
}

export interface Client {
  /**
   * Starts a sign-in. By redirect it leaves the page, and resolves (with undefined) only if the person comes back to
   * the very same page by the Back button.
   * @throws before the page is left, if the sign-in could not be finished later: `config_invalid`, `insecure_context`,
   * `storage_unavailable`, `storage_full`, `storage_refused_key`, `redirect_uri_mismatch`, `aborted`, and what
   * {@link Client.preload} throws
   */
  signIn(options?: SignInOptions): Promise<SignInResult | undefined>
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
  handleCallback(options?: CallbackOptions): Promise<SignInResult | undefined>
  /**
   * Loads the server's metadata and opens the storage ahead of time, so that `signIn()` makes no request.
   * @throws `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`, `network_error`, `timeout`, `response_refused`
   */
  preload(): Promise<void>
  /** Listens to what happens; returns its own undo. */
  subscribe(listener: Listener<ProofkeyEvent>): () => void
}

/** What waits in the vault. */
interface Waiting {
  readonly transaction: Transaction
  readonly returnTo: string
  readonly appState?: unknown | undefined
}

/**
 * A client of one authorization server. Make it once, where the app starts; any number of them share an origin.
 * Does nothing by itself and needs no `window` to be made.
 * @throws `config_invalid`; for `metadata` given by hand `issuer_mismatch`, `endpoint_refused`, `pkce_unsupported`
 */
export function createClient(config: ClientConfig): Client {
  checkConfig(config)
  const { issuer, clientId, redirectUri, insecure, vault = indexedDbVault() } = config
  const self = owner(issuer, clientId)
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  const report = (event: EventBody, transaction?: string) =>
    emit({ atMs: Date.now(), issuer, clientId, transaction, ...event })

  const given = config.metadata && checkMetadata(config.metadata, issuer, insecure)
  const metadata = createMetadataSource(async () => {
    const server = given ?? (await discover(issuer, config))
    if (!given) report({ type: 'metadata_loaded' })
    if (!server.code_challenge_methods_supported) report({ type: 'pkce_not_advertised' })
    return server
  }, config.metadataLifetimeSeconds ?? 3600)

  /** Metadata and storage, beside each other. */
  function prepare() {
    vault.prepare?.()
    return metadata()
  }

  let handled: { href: string; clean: string; result: Promise<SignInResult> } | undefined

  async function signIn(options: SignInOptions = {}) {
    const { returnTo = '/', appState, signal, userAgent = config.userAgent ?? redirect(), ...parameters } = options
    let id: string | undefined
    try {
      const server = await unlessAborted(prepare(), signal)
      const { url, transaction } = await beginAuthorization(server, { ...config, ...defined(parameters) })
      const { state, scope = '' } = transaction
      id = await ticketId(state)
      const path = sameOriginPath(returnTo)
      if (!path) report({ type: 'return_to_refused' }, id)
      const waiting: Waiting = { transaction, returnTo: path ?? '/', appState }
      await unlessAborted(vault.put(state, self, JSON.stringify(waiting)), signal)
      report({ type: 'transaction_stored', vault: vault.name }, id)
      report({ type: 'sign_in_started', endpoint: server.authorization_endpoint, scope }, id)
      const callback = await userAgent.open(url, { redirectUri, signal })
      return callback === undefined ? callback : await complete(callback, state, signal)
    } catch (error) {
      throw failed(error, id)
    }
  }

  async function complete(callback: string, state: string, signal?: AbortSignal): Promise<SignInResult> {
    const id = await ticketId(state)
    report({ type: 'callback_received' }, id)
    const taken = await vault.take(state, self)
    if (taken.status !== 'taken') {
      // On another origin lies another storage: then the landing is what tells.
      if (taken.status === 'unknown') checkLanding(redirectUri, new URL(callback))
      throw notTaken[taken.status]()
    }
    report({ type: 'transaction_taken', vault: vault.name }, id)
    const { transaction, returnTo, appState }: Waiting = JSON.parse(taken.value)
    try {
      const grant = await completeAuthorization(transaction, callback, { ...config, signal })
      reportScope(transaction, grant, id)
      report({ type: 'sign_in_completed', scope: grant.tokens.scope }, id)
      return { ...grant, returnTo, appState }
    } catch (error) {
      if (!isProofkeyError(error) || !error.retryable) throw error
      const { code, message, hint, cause } = error
      const retryable = await vault.put(state, self, taken.value).then(
        () => true,
        () => false,
      )
      if (retryable) report({ type: 'transaction_restored', vault: vault.name }, id)
      throw new ProofkeyError(code, message, hint, { cause, retryable })
    }
  }

  function reportScope(transaction: Transaction, { tokens }: Grant, id: string) {
    const asked = scopes(transaction.scope)
    const granted = scopes(tokens.scope)
    const missing = asked.filter((value) => !granted.includes(value))
    const added = granted.filter((value) => !asked.includes(value))
    if (missing.length + added.length) report({ type: 'scope_changed', missing, added }, id)
  }

  function failed(error: unknown, id?: string): unknown {
    report({ type: 'sign_in_failed', code: isProofkeyError(error) ? error.code : 'unexpected' }, id)
    return error
  }

  async function handleCallback({ url: given, signal }: CallbackOptions = {}): Promise<SignInResult | undefined> {
    const page = currentUrl()
    const url = parseUrl(given ?? page, page)
    const parameters = url && callbackParameters(url)
    const state = parameters?.get('state') ?? ''
    // Elsewhere than at the redirect URI, only a state of ours makes an answer ours.
    if (
      !url ||
      !parameters ||
      !isCallback(parameters) ||
      (!isTicket(state) && driftedPart(new URL(redirectUri), url))
    ) {
      return handled && handled.clean === url?.href ? handled.result : undefined
    }
    if (handled?.href === url.href) return handled.result
    // Left alone, in the vault and in the address bar: its own client will want it.
    if (isTicket(state) && !ticketIsTaggedFor(state, self)) throw failed(otherClient())

    // Before the first await, so that no other script of the page, no reload and no Referer sees the code.
    const clean = withoutCallbackParameters(url)
    swapUrl(url.href, clean)
    const work = isTicket(state) ? complete(url.href, state, signal) : Promise.reject(unknownState())
    const result = work.catch(async (error) => {
      if (isProofkeyError(error) && error.retryable) {
        if (handled?.result === result) handled = undefined
        swapUrl(clean, url.href)
      }
      throw failed(error, isTicket(state) ? await ticketId(state) : undefined)
    })
    handled = { href: url.href, clean, result }
    return result
  }

  return {
    signIn,
    handleCallback,
    preload: async () => void (await prepare()),
    subscribe,
  }
}

/** Without the members that say nothing. */
const defined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T

/** The work goes on for others who wait for it; this caller stops waiting. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(
        new ProofkeyError('aborted', 'The sign-in was aborted.', 'Try again.', {
          cause: signal.reason,
          retryable: true,
        }),
      )
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const otherClient = () =>
  new ProofkeyError(
    'other_client',
    'This callback belongs to another client of this origin.',
    'Let that client handle it; it was left untouched.',
  )

const notTaken: Record<Exclude<Taken['status'], 'taken'>, () => ProofkeyError> = {
  unknown: unknownState,
  expired,
  other_owner: otherClient,
  spent: () =>
    new ProofkeyError(
      'already_completed',
      'This callback was used before.',
      'Go on, or start a new sign-in if nobody is signed in.',
    ),
  unreadable: () => new ProofkeyError('record_unreadable', 'The stored sign-in was changed; it does not open.'),
}
