import type { SessionClientConfig } from '../client/create-session-client.js'
import { memoryRegistrations } from '../flow/memory-registrations.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { ClientIdentityOptions } from '../protocol/client-auth/identify-client.js'
import { isSecure, parseUrl } from '../protocol/discovery/endpoint.js'
import type { ResourceDiscoveryOptions } from '../protocol/resource/discover-resource.js'
import type { UserAgent } from '../user-agents/user-agent.js'

/** A sign-in that an MCP server asks for. */
export interface McpSignInRequest {
  /** `login`: the server wants a user; `scope`: it wants more scope for this operation. */
  readonly reason: 'login' | 'scope'
  /** The MCP server, as in the tokens. */
  readonly resource: string
  readonly issuer: string
  /** Space-separated: all that is requested, with what is granted already; undefined: the default of the server. */
  readonly scope: string | undefined
}

/** Options of {@link createMcpAuth}. */
export interface McpAuthConfig
  extends Pick<
      SessionClientConfig,
      'vault' | 'sessionStore' | 'dpop' | 'provider' | 'fetch' | 'insecure' | 'scope' | 'additionalParameters'
    >,
    Omit<ClientIdentityOptions, 'fetch' | 'insecure' | 'signal'>,
    Pick<ResourceDiscoveryOptions, 'originResource'> {
  /** The URL of the MCP server, as the user has entered it. */
  readonly url: string
  /** How the user signs in, without leaving the page: `loopback()` of `proofkey/node`, `popup()`, `deepLink(…)`. */
  readonly userAgent: UserAgent
  /** Chooses one of the issuers that the MCP server names. Default: the first. */
  readonly chooseServer?: ((issuers: readonly [string, ...string[]]) => string | Promise<string>) | undefined
  /**
   * Is asked before each sign-in that a response of the MCP server causes; false: no sign-in, the operation fails. A hostile
   * server can cause sign-ins: show the user who asks for what. Default: every sign-in is allowed.
   */
  readonly beforeSignIn?: ((request: McpSignInRequest) => boolean | Promise<boolean>) | undefined
}

/** @throws `config_invalid` */
export function checkMcpConfig(given: McpAuthConfig) {
  const url = parseUrl(given.url)
  const problems: string[] = []
  if (!url || !isSecure(url, given.insecure))
    problems.push('url (string): must be the https URL of the MCP server; for development see allowInsecureLoopback')
  if (typeof given.userAgent?.open !== 'function')
    problems.push('userAgent (object): must be loopback() of proofkey/node, popup() or deepLink()')
  else if (!given.userAgent.memory)
    problems.push('userAgent: must not leave the page, because the operation continues after the sign-in; use popup()')
  if (problems[0] || !url) throw configInvalid(problems)
  // Without a store, the registration lasts as long as this object.
  return { ...given, location: url, registrations: given.registrations ?? memoryRegistrations() }
}
