import type { WithFapi2 } from '../flow/fapi2.js'
import type { FlowConfig } from '../flow/flow-config.js'
import type { Profile } from '../protocol/profile.js'
import type { Grant } from '../protocol/token/complete.js'
import type { Dpop } from '../protocol/token/dpop.js'
import type { Exchange } from '../protocol/token/exchange-at.js'
import type { UserAgent } from '../user-agents/user-agent.js'
import type { Vault } from '../vault/vault.js'

/** Options of `createClient`. The default of `clientAuth` is `none()`: a browser app is a public client. */
export interface ClientConfig extends FlowConfig {
  /** Set by `fapi2()` only, together with what it decides. */
  readonly profile?: undefined
  /** The part of the callback URL that contains the response parameters. Default `query`. */
  readonly responseMode?: 'query' | 'fragment' | undefined
  /** Stores the sign-in between `signIn()` and the callback. Default `indexedDbVault()`, which encrypts it. */
  readonly vault?: Vault | undefined
  /** How to show the server's pages: `redirect()`, `popup()`, `deepLink()`, `loopback()`. Default `redirect()`. */
  readonly userAgent?: UserAgent | undefined
}

/** Options of a client that lets the app's backend send the token request. */
export interface ExchangeClientConfig extends ClientConfig {
  /** Pass `exchangeAt(path)`. */
  readonly exchange: Exchange
  /** Not possible: the backend gets the tokens, and only the backend can bind them to a key. */
  readonly dpop?: undefined
}

/**
 * The options of a client, and those that decide what it returns, so that a wrong option has one error of the compiler, which
 * names it.
 */
export type ConfigFor<Config, DpopOption, ExchangeOption, ProfileOption> = (ProfileOption extends Profile
  ? WithFapi2<Config>
  : Config) & {
  readonly dpop?: DpopOption
  readonly exchange?: ExchangeOption
  readonly profile?: ProfileOption
}

/** What a client returns: `tokenType` is `dpop` with DPoP and `bearer` without; either, if the type of `dpop` does not tell. */
export type GrantOf<DpopOption> = [DpopOption] extends [Dpop]
  ? Grant<'dpop'>
  : [DpopOption] extends [undefined]
    ? Grant<'bearer'>
    : Grant
