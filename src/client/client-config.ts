import type { FlowConfig } from '../flow/flow-config.js'
import type { Dpop } from '../protocol/token/dpop.js'
import type { Exchange } from '../protocol/token/exchange-at.js'
import type { UserAgent } from '../user-agents/user-agent.js'
import type { Vault } from '../vault/vault.js'

/** A browser client's configuration. `clientAuth` is `none()` by default: a browser cannot keep a secret. */
export interface ClientConfig extends FlowConfig {
  /** Where the answer is put in the callback URL. Default `query`. */
  readonly responseMode?: 'query' | 'fragment' | undefined
  /** Where sign-ins wait. Default: sealed IndexedDB. */
  readonly vault?: Vault | undefined
  /** How the person travels. Default `redirect()`. */
  readonly userAgent?: UserAgent | undefined
}

/** A client that leaves the token request to the app's own backend. */
export interface ExchangeClientConfig extends ClientConfig {
  /** `exchangeAt(path)`. */
  readonly exchange: Exchange
  /** The tokens are the backend's to ask for, and so is the key. */
  readonly dpop?: undefined
}

/** A configuration whose tokens are tied to a key: a result's `tokenType` is then exactly `dpop`. */
export type WithDpop<Config> = Config & { readonly dpop: Dpop }
/** One whose tokens are not: `bearer`. */
export type WithoutDpop<Config> = Config & { readonly dpop?: undefined }
