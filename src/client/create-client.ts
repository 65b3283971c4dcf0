import { isTicket, ticketId, ticketIsTaggedFor } from '../crypto/ticket.js'
import { isProofkeyError, ProofkeyError } from '../errors.js'
import { createEmitter, type EventBody, type Listener, type ProofkeyEvent } from '../events.js'
import { type AuthorizationParameters, beginAuthorization } from '../protocol/begin.js'
import {
  callbackParameters,
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
   * @throws a {@link ProofkeyError}, before the page is left, if the sign-in could not be finished later
   */
  signIn(options?: SignInOptions): Promise<SignInResult | undefined>
  /**
   * Finishes the sign-in whose callback this page was loaded with. Call it on every load of the redirect URI: without
   * callback parameters it resolves with undefined and does nothing; called twice it gives the same result twice.
   * @param url Default: the page's own URL, whose callback parameters are removed at once.
   * @throws a {@link ProofkeyError}; the README says which codes ask for what
   */
  handleCallback(url?: string): Promise<SignInResult | undefined>
  /** Loads the server's metadata ahead of time, so that `signIn()` makes no request. */
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
 * @throws `config_invalid`; and for `metadata` given by hand what {@link checkMetadata} throws
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

  let handled: { href: string; result: Promise<SignInResult | undefined> } | undefined

  async function signIn({
    returnTo,
    appState,
    signal,
    userAgent = config.userAgent ?? redirect(),
    ...parameters
  }: SignInOptions = {}) {
    handled = undefined
    const server = await unlessAborted(metadata(), signal)
    const { url, transaction } = await beginAuthorization(server, { ...config, ...parameters })
    const id = await ticketId(transaction.state)
    const path = sameOriginPath(returnTo ?? '/')
    if (!path) report({ type: 'return_to_refused' }, id)
    const waiting: Waiting = { transaction, returnTo: path ?? '/', appState }
    await unlessAborted(vault.put(transaction.state, self, JSON.stringify(waiting)), signal)
    report({ type: 'transaction_stored', vault: vault.name }, id)
    report({ type: 'sign_in_started', endpoint: server.authorization_endpoint, scope: transaction.scope ?? '' }, id)
    const callback = await userAgent.open(url, { redirectUri, signal })
    return callback === undefined ? callback : complete(callback, transaction.state, signal)
  }

  async function complete(callback: string, state: string, signal?: AbortSignal): Promise<SignInResult> {
    const id = await ticketId(state)
    report({ type: 'callback_received' }, id)
    const taken = await vault.take(state, self)
    if (taken.status !== 'taken') throw notTaken[taken.status]()
    report({ type: 'transaction_taken', vault: vault.name }, id)
    const { transaction, returnTo, appState }: Waiting = JSON.parse(taken.value)
    try {
      const grant = await completeAuthorization(transaction, callback, { ...config, signal })
      reportScope(transaction, grant, id)
      report({ type: 'sign_in_completed', scope: grant.tokens.scope }, id)
      return { ...grant, returnTo, appState }
    } catch (error) {
      if (isProofkeyError(error) && error.retryable) {
        const restored = () => report({ type: 'transaction_restored', vault: vault.name }, id)
        await vault.put(state, self, taken.value).then(restored, () => {})
      }
      throw error
    }
  }

  function reportScope(transaction: Transaction, { tokens }: Grant, id: string) {
    const asked = scopes(transaction.scope)
    const granted = scopes(tokens.scope)
    const missing = asked.filter((value) => !granted.includes(value))
    const added = granted.filter((value) => !asked.includes(value))
    if (missing.length + added.length) report({ type: 'scope_changed', missing, added }, id)
  }

  /** Reports a failure as an event, and lets it go on. */
  async function reported<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      report({ type: 'sign_in_failed', code: isProofkeyError(error) ? error.code : 'unexpected' })
      throw error
    }
  }

  function handleCallback(href = currentUrl()): Promise<SignInResult | undefined> {
    const url = parseUrl(href)
    const parameters = url && callbackParameters(url)
    const state = parameters?.get('state')
    // Without a state an answer is nobody's; only at the redirect URI is it worth a word.
    if (!url || !parameters || !isCallback(parameters) || (!state && driftedPart(new URL(redirectUri), url))) {
      return handled?.result ?? Promise.resolve(undefined)
    }
    if (handled?.href === url.href) return handled.result
    // Left alone, in the vault and in the address bar: its own client will want it.
    if (state && isTicket(state) && !ticketIsTaggedFor(state, self)) return reported(Promise.reject(otherClient()))

    // Before the first await, so that no other script of the page, no reload and no Referer sees the code.
    const clean = withoutCallbackParameters(url)
    swapUrl(url.href, clean)
    const result = reported(state ? complete(url.href, state) : Promise.reject(unknownState()))
    handled = { href: url.href, result }
    result.catch((error) => {
      if (isProofkeyError(error) && error.retryable) {
        handled = undefined
        swapUrl(clean, url.href)
      }
    })
    return result
  }

  return {
    signIn: (options) => reported(signIn(options)),
    handleCallback,
    preload: async () => void (await metadata()),
    subscribe,
  }
}

/** The work goes on for others who wait for it; this caller stops waiting. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(new ProofkeyError('aborted', 'The sign-in was aborted.', 'Try again.', { cause: signal.reason }))
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
