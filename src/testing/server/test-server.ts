import type { ServerMetadata } from '../../protocol/discovery/metadata.js'
import type { Fetch } from '../../protocol/request.js'
import type { AttackName } from './attacks.js'
import type { Fault, FaultOf, ReceivedRequest, TestEndpoint } from './fault.js'
import type { IssuedSecret, TestGrant, TestUser } from './issued.js'

/**
 * An authorization server in this process; see {@link createTestServer}.
 * @example
 * ```ts
 * import { createTestServer } from 'proofkey/testing'
 *
 * const server = createTestServer()
 * declare const log: string // what the app under test has logged
 *
 * // The access tokens end at the server, and the client learns it at their next use.
 * for (const { kind, value } of server.issued) if (kind === 'access_token') server.revoke(value)
 * // In the end:
 * console.log(server.issued.some(({ value }) => log.includes(value))) // false, if it keeps its secrets
 * console.log(server.issued.some(({ value }) => server.isActive(value))) // false after a sign-out
 * console.log(server.reused) // [], if no refresh token was sent twice
 * ```
 */
export interface TestServer {
  readonly issuer: string
  readonly metadata: ServerMetadata
  /** Pass it as `fetch` to a client. A URL that is not of this server fails like a host that does not exist. */
  readonly fetch: Fetch
  /** Every request it has received, the oldest first. */
  readonly requests: readonly ReceivedRequest[]
  /** Every code and token it has issued, the oldest first: none of them belongs in a log, an error or a URL of the app. */
  readonly issued: readonly IssuedSecret[]
  /** The codes and refresh tokens that came again after their use, which ended all tokens of the sign-in (RFC 9700 §4.14.2). */
  readonly reused: readonly string[]
  /** From now on this user approves. Default: the user of the options. */
  approve(user?: TestUser): void
  /** The user leaves: `prompt=none` fails with `login_required` until the next sign-in. */
  signOutUser(): void
  /**
   * Does what the browser of a user would who is sent to the server: opens the authorization URL and approves.
   * @returns the callback URL
   * @throws `Error` if the server shows a page in place of a redirect, because client or redirect URI are wrong
   */
  visit(url: URL | string): Promise<URL>
  /** The next request of this endpoint is answered so; called again, the one after it. */
  next(endpoint: TestEndpoint, fault: Fault | FaultOf): void
  /** Every request of this endpoint is answered so, until it is called without a fault. */
  always(endpoint: TestEndpoint, fault?: Fault | FaultOf): void
  /** The next sign-in is attacked, by the name of the attack; see {@link attacks}. */
  attack(name: AttackName): void
  /** What a valid access token stands for; undefined for any other. For an API of the test (RFC 7662). */
  introspect(accessToken: string): TestGrant | undefined
  /** Whether an access or refresh token is active (RFC 7662 §2.2): after a sign-out none should be. */
  isActive(token: string): boolean
  /** Ends a token, as at its revocation endpoint (RFC 7009 §2.1): of a refresh token, all tokens of the sign-in. */
  revoke(token: string): void
  /** Refuses all refresh tokens from now on, as after a password change; access tokens stay valid. */
  refuseRefresh(): void
  /** Handles one HTTP request; `fetch` and `listenTestServer` are made of it. */
  handle(request: Request): Promise<Response>
}
