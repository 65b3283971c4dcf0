import { checkConfig, type FlowConfig } from '../flow/flow-config.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import { type Provider, type ServerProvider, serverRules } from '../protocol/provider.js'
import type { RequestVault } from '../vault/cookie.js'
import type { ReplayCache } from '../vault/replay-cache.js'
import type { Vault } from '../vault/vault.js'
import type { ForwardedHeaders } from './edge/forwarded.js'

/** Options of `createServerClient`. */
export interface ServerClientConfig extends Omit<FlowConfig, 'provider'> {
  /** The client authentication. There is no default. PKCE is always used too. */
  readonly clientAuth: ClientAuth
  /**
   * Stores pending sign-ins: `sealedCookie({ keys })` needs no other service; `redisVault` and `memoryVault({ maxRecords })`
   * guarantee single use.
   */
  readonly vault: (Vault & { readonly runsOn?: never }) | RequestVault
  /** How the server sends the response. Default `query`; `form_post` needs cross-site cookies (`SameSite=None`). */
  readonly responseMode?: 'query' | 'form_post' | undefined
  /**
   * The number of proxies in front of the server, and with it the values of `X-Forwarded-Proto`, `-Host`, `-Port` and
   * `-Prefix`, or of `Forwarded` (RFC 7239), that are trusted. Default: none.
   */
  readonly forwardedHeaders?: ForwardedHeaders | undefined
  /** How this server differs from the standards: part of an entry of `proofkey/providers`. Default: not at all. */
  readonly provider?: Provider | ServerProvider | undefined
  /** Stores used logout tokens. Default `memoryReplayCache()`; several servers share a `redisReplayCache`. */
  readonly replayCache?: ReplayCache | undefined
  /** Set by `fapi2()` only, together with what it decides. */
  readonly profile?: undefined
}

/** The configuration with the rules that the provider has for servers. */
export const withServerRules = <Config extends Pick<ServerClientConfig, 'provider'>>(given: Config) => ({
  ...given,
  provider: serverRules.get(Object(given.provider)) ?? (given.provider as Provider | undefined),
})

/** @throws `config_invalid` */
export function checkServerConfig(config: ServerClientConfig & FlowConfig): void {
  checkConfig(config)
  const { clientAuth, vault, responseMode = 'query', forwardedHeaders, replayCache } = config
  const problems = []
  if (!['query', 'form_post'].includes(responseMode)) problems.push('responseMode (string): must be query or form_post')
  if (forwardedHeaders !== undefined && !isForwardedHeaders(forwardedHeaders))
    problems.push("forwardedHeaders (object): must be { hops: 1 to 20, header?: 'x-forwarded' or 'forwarded' }")
  if (typeof clientAuth?.authenticate !== 'function')
    problems.push(
      'clientAuth (object): must be a client authentication method, for example clientSecretBasic(secret), or none()',
    )
  if (
    replayCache &&
    ![replayCache.claim, replayCache.commit, replayCache.release].every((method) => typeof method === 'function')
  )
    problems.push('replayCache (object): must be memoryReplayCache() or redisReplayCache({ client })')
  if (!vault || !('bind' in vault || 'put' in vault))
    problems.push(
      'vault (object): must be sealedCookie({ keys }), redisVault({ client, keys }) or memoryVault({ maxRecords })',
    )
  else if ('runsOn' in vault)
    problems.push(
      'vault (object): on a server memoryVault() needs { maxRecords }, for example 10_000, because anyone can start sign-ins',
    )
  if (problems[0]) throw configInvalid(problems)
}

function isForwardedHeaders(value: unknown): boolean {
  const { hops, header = 'forwarded' } = Object(value)
  return Number.isInteger(hops) && hops >= 1 && hops <= 20 && ['forwarded', 'x-forwarded'].includes(header)
}
