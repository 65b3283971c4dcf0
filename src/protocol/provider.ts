import type { PinnedServer } from './authorize/transaction.js'
import type { ClientAuth } from './client-auth/client-auth.js'
import type { ServerMetadata } from './discovery/metadata.js'
import type { IdTokenPolicy } from './jose/id-token.js'

declare const brand: unique symbol

/** The values that a provider can judge before the user leaves. */
export interface ProviderRequest {
  readonly scope?: string | undefined
  readonly resource?: string | readonly string[] | undefined
  readonly additionalResources?: readonly string[] | undefined
  readonly clientAuth?: ClientAuth | undefined
}

/** The members that `defineProvider` of `proofkey/providers` makes. The functions have no side effects. */
interface ProviderRules {
  readonly name: string
  /** Why this provider is treated differently, with the evidence. */
  readonly reason: string
  /** Where the metadata is, in place of the issuer. */
  readonly metadataBase: string | undefined
  /** It refuses the `resource` parameter (RFC 8707). */
  readonly resourceRefused: boolean
  /** The metadata to use, from that of the server. */
  metadata(document: ServerMetadata): ServerMetadata
  /** The token response to read, from that of the server; and its ID token, if that may come without an access token. */
  tokenResponse(body: unknown, requestedScope: string | undefined): readonly [body: unknown, alone?: unknown]
  /**
   * The server with the issuer that an ID token must have, and the policy to check it with.
   * @param claims not checked yet
   * @throws `id_token_invalid`
   */
  idToken(
    claims: Readonly<Record<string, unknown>>,
    server: PinnedServer,
    policy: IdTokenPolicy,
  ): readonly [PinnedServer, IdTokenPolicy]
  /** The parameters of the logout request, from those of the standard. */
  logout(parameters: LogoutParameters): LogoutParameters
}

export type LogoutParameters = Readonly<Record<string, string | undefined>>

/**
 * How a server differs from the standards, with the reason: an entry of `proofkey/providers`, or one that `defineProvider`
 * made. The clients accept nothing else, because some of it weakens a check.
 */
export interface Provider extends ProviderRules {
  readonly [brand]: 'any client'
}

/**
 * A {@link Provider} for `createServerClient` only, because of what its deviation weakens or needs. Its own rules are as
 * strict as without it, and refuse every other client.
 */
export interface ServerProvider extends ProviderRules {
  readonly [brand]: 'server'
}

/**
 * The providers that `defineProvider` has made (a copy is none), and what prevents a sign-in with these parameters, each in
 * one sentence.
 */
export const providers = new WeakMap<object, (request: ProviderRequest) => readonly string[]>()

/** The rules of a {@link ServerProvider} for `createServerClient`: nothing else reaches them. */
export const serverRules = new WeakMap<object, Provider>()
