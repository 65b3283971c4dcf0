import { ticketId } from '../crypto/ticket.js'
import { aborted, codeOf, errorWith, isProofkeyError, ProofkeyError } from '../errors.js'
import {
  type AuthorizationParameters,
  beginAuthorization,
  configInvalid,
  type ResponseMode,
  toJson,
} from '../protocol/authorize/begin.js'
import { checkRedirectUri, unknownState } from '../protocol/authorize/callback.js'
import type { Transaction } from '../protocol/authorize/transaction.js'
import { checkCapabilities } from '../protocol/discovery/capabilities.js'
import { joinDemands } from '../protocol/jose/id-token.js'
import { joinScopes } from '../protocol/scope.js'
import { type CompleteOptions, completeAuthorization, expired, type Grant } from '../protocol/token/complete.js'
import type { Exchange } from '../protocol/token/exchange-at.js'
import type { Taken, Vault } from '../vault/vault.js'
import type { FlowConfig } from './flow-config.js'
import type { KeptMetadata } from './kept-metadata.js'
import { sameOriginPath } from './return-to.js'
import { createServerContext } from './server-context.js'

/** Options of one sign-in; its {@link AuthorizationParameters} override those of the client. */
export interface StartOptions extends AuthorizationParameters {
  /** The path to continue at after the sign-in, of this origin. Anything else becomes `/` (event `return_to_refused`). */
  readonly returnTo?: string | undefined
  /** Any JSON value; stored encrypted, and returned with the result. */
  readonly appState?: JsonValue | undefined
}

/** What JSON can hold. No `Date`, `Map`, `BigInt` or function: it would come back as something else, or not at all. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** The result of a sign-in: the tokens and claims, or the backend's response to `exchangeAt`. */
export type SignInResult<Given = Grant> = Given & {
  /** A path of this origin, `/` by default: safe to navigate to. */
  readonly returnTo: string
  readonly appState: unknown
  /** `silent` where the person was not asked (`prompt=none`). */
  readonly origin: 'interactive' | 'silent'
}

interface FlowOptions {
  readonly responseMode?: ResponseMode | undefined
  readonly exchange?: Exchange | undefined
  readonly maxReturnToBytes?: number
}

/** What a client may add or replace. */
interface FlowParts {
  /** Builds the authorization requests. */
  readonly begin?: typeof beginAuthorization | undefined
  /** Metadata that outlasts the page. */
  readonly kept?: KeptMetadata | undefined
}

/** The content of a vault record. */
interface PendingSignIn {
  readonly transaction: Transaction
  readonly origin: SignInResult['origin']
  readonly returnTo: string
  readonly appState?: unknown
}

/**
 * The steps that the sign-ins of browser and server share: from the start to a stored transaction, and from the callback to
 * the tokens.
 */
export function createFlow(config: FlowConfig & FlowOptions, { begin = beginAuthorization, kept }: FlowParts = {}) {
  const { clientId, redirectUri, insecure, trustedAudiences } = config
  const context = createServerContext(config, kept, (server) => {
    if (!server.code_challenge_methods_supported) report({ type: 'pkce_not_advertised' })
  })
  const { clientKey, report, metadata, reportScope } = context

  return {
    ...context,
    put,

    /**
     * Starts a sign-in and stores it in the vault, or in `memory` if the vault's storage fails.
     * @returns the authorization URL, the state, the record id, and the vault that stored it
     */
    async start(vault: Vault, options: StartOptions, signal?: AbortSignal, callbackUri = redirectUri, memory?: Vault) {
      const { returnTo = '/', appState, ...parameters } = options
      let id: string | undefined
      try {
        vault.prepare?.()
        config.exchange?.prepare?.(callbackUri)
        // The configuration is a floor: one sign-in can demand more, not less.
        const demands = joinDemands(config, parameters)
        if (!demands) throw configInvalid(['acrValues: must be one of those in the configuration'])
        const server = await unlessAborted(metadata(), signal)
        const request = {
          ...config,
          ...defined(parameters),
          ...demands,
          additionalParameters: { ...config.additionalParameters, ...parameters.additionalParameters },
          requiredScope: joinScopes(config.requiredScope, parameters.requiredScope),
          // The options of one sign-in cannot change the client or the redirect URI.
          clientId,
          redirectUri: callbackUri,
          insecure,
          trustedAudiences,
        }
        checkCapabilities(server, request)
        const { url: requestUrl, transaction } = await begin(server, request)
        const { state, scope = '' } = transaction
        id = await ticketId(state)
        const path = sameOriginPath(returnTo, config.maxReturnToBytes)
        if (!path) report({ type: 'return_to_refused' }, id)
        const origin = (parameters.prompt ?? config.prompt) === 'none' ? 'silent' : 'interactive'
        const pending: PendingSignIn = { transaction, origin, returnTo: path ?? '/', appState }
        const record = toJson('appState', pending)
        const store = async (to: Vault) => {
          await put(to, state, clientKey, record)
          return to
        }
        const storing = store(vault).catch((error) => {
          if (!memory || !codeOf(error).startsWith('storage')) throw error
          report({ type: 'vault_replaced', vault: vault.name, by: memory.name, code: error.code }, id)
          return store(memory)
        })
        const storedIn = await unlessAborted(storing, signal)
        report({ type: 'transaction_stored', vault: storedIn.name }, id)
        // Last, because what was pushed is valid for a short time.
        const url = (await config.par?.(server, requestUrl, { ...config, signal })) ?? requestUrl
        if (config.par) report({ type: 'request_pushed' }, id)
        report({ type: 'sign_in_started', endpoint: server.authorization_endpoint, scope }, id)
        return { url, state, id, storedIn }
      } catch (error) {
        throw this.failed(error, id)
      }
    },

    /** Takes the sign-in from the vault and completes it. Without a response it is put back. */
    async complete(
      vault: Vault,
      callback: string,
      state: string,
      options: CompleteOptions = {},
    ): Promise<SignInResult> {
      const id = await ticketId(state)
      report({ type: 'callback_received' }, id)
      const taken = await vault.take(state, clientKey)
      if (taken.status !== 'taken') {
        // Another origin has other storage: report the URL mismatch as the cause.
        const { origin } = new URL(redirectUri)
        if (taken.status === 'unknown' && !callback.startsWith(`${origin}/`))
          checkRedirectUri(redirectUri, new URL(callback))
        throw notTaken[taken.status]()
      }
      report({ type: 'transaction_taken', vault: vault.name }, id)
      const { transaction, origin, returnTo, appState }: PendingSignIn = JSON.parse(taken.value)
      try {
        const exchange = config.exchange ?? completeAuthorization
        const grant = (await exchange(transaction, callback, { ...config, ...options })) as Grant
        // A backend need not return the tokens.
        const scope = grant.tokens?.scope ?? transaction.scope ?? ''
        reportScope(transaction.scope, scope, id)
        const changed = config.rar?.changed(transaction, grant.tokens)
        if (changed) report(changed, id)
        report({ type: 'sign_in_completed', scope }, id)
        return { ...grant, returnTo, appState, origin }
      } catch (error) {
        if (!isProofkeyError(error)) throw error
        const retryable = error.retryable && (await taken.putBack().catch(() => false))
        if (retryable) report({ type: 'transaction_restored', vault: vault.name }, id)
        throw errorWith(error, { retryable, returnTo, appState })
      }
    },

    /** Reports a failure and returns it. */
    failed(error: unknown, id?: string): unknown {
      const code = codeOf(error)
      report({ type: 'sign_in_failed', code }, id)
      // Outdated metadata could be the cause, for example an endpoint that has moved, or a method that is supported now.
      if (/(_error|_refused|_invalid|supported)$/.test(code)) kept?.write()
      return error
    },
  }

  /** Stores a value, and reports the records that the vault removed to make room. */
  async function put(vault: Vault, ticket: string, owner: string, value: string): Promise<void> {
    const dropped = (await vault.put(ticket, owner, value)) ?? []
    for (const id of dropped) report({ type: 'transaction_dropped', reason: 'vault_full' }, id)
  }
}

/** Without undefined members. */
const defined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T

/** Stops waiting on abort; the work itself continues for other callers. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal.reason))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

export const otherClient = () =>
  new ProofkeyError(
    'other_client',
    'This callback belongs to another client of this origin.',
    'Let that client handle it; nothing was changed.',
  )

const notTaken: Record<Exclude<Taken['status'], 'taken'>, () => ProofkeyError> = {
  unknown: unknownState,
  expired,
  other_owner: otherClient,
  spent: () =>
    new ProofkeyError(
      'already_completed',
      'This callback was used before.',
      'Continue, or start a new sign-in if no user is signed in.',
    ),
  unreadable: () => new ProofkeyError('record_unreadable', 'The stored sign-in was changed; it cannot be decrypted.'),
}
