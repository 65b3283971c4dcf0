import { checkConfig, type FlowConfig } from '../../flow/flow-config.js'
import { configInvalid } from '../../protocol/authorize/begin.js'
import type { ClientAuth } from '../../protocol/client-auth/client-auth.js'
import type { Provider, ServerProvider } from '../../protocol/provider.js'
import { checkConfidential } from '../../protocol/token/client-credentials.js'
import type { TokenTarget } from '../../protocol/token/grant-request.js'
import { type Apis, checkApis } from '../../session/apis.js'
import { withServerRules } from '../server-client-config.js'

/** Options of {@link createServiceClient}. Its {@link TokenTarget} is the default of each access token of the client itself. */
export interface ServiceClientConfig
  extends TokenTarget,
    Pick<
      FlowConfig,
      'issuer' | 'clientId' | 'metadata' | 'metadataLifetimeSeconds' | 'dpop' | 'fetch' | 'timeoutSeconds' | 'insecure'
    > {
  /** The client authentication. There is no default, and `none()` is not allowed (RFC 6749 §4.4). */
  readonly clientAuth: ClientAuth
  /**
   * The APIs that `fetch` sends the client's access token to, by origin, and what their tokens need:
   * `{ 'https://api.example.com': { scope: 'orders' } }`. What is not named is as in the configuration.
   */
  readonly apis?: Apis | undefined
  /** How this server differs from the standards: part of an entry of `proofkey/providers`. Default: not at all. */
  readonly provider?: Provider | ServerProvider | undefined
}

/** @throws `config_invalid` */
export function checkServiceConfig(given: ServiceClientConfig) {
  const config = withServerRules(given)
  // There is no redirect URI; pass a valid one to checkConfig.
  checkConfig({ ...config, redirectUri: 'https://service.invalid/' })
  checkConfidential(config)
  const { apis = {}, audience = [] } = config
  if (![audience].flat().every((name) => typeof name === 'string' && name))
    throw configInvalid([`audience (${typeof audience}): must be strings, not empty`])
  checkApis(apis, config.insecure)
  return { ...config, apis }
}
