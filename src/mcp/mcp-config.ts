import type { SignInOptions } from '../client/create-client.js'
import type { SessionClientConfig } from '../client/create-session-client.js'
import type { PageStartOptions, Started } from '../client/start.js'
import type { ProofkeyEvent, Subscribe } from '../events.js'
import type { SignInResult } from '../flow/flow.js'
import type { ClientIdentityOptions } from '../protocol/client-auth/identify-client.js'
import type { Fetch } from '../protocol/request.js'
import type { OriginResourceSwitch } from '../protocol/resource/discover-resource.js'
import type { Session } from '../session/session-record.js'
import type { DeviceGrant } from './device-grant.js'

/** A sign-in that an MCP server has asked for. Show it to the user: all of it comes from that server. */
export interface SignInRequest {
  /** `login_required`: no user is signed in, or the token was refused. `insufficient_scope`: the token lacks a scope. */
  readonly reason: 'login_required' | 'insufficient_scope'
  readonly resource: string
  /** The authorization server where the user would sign in. */
  readonly issuer: string
  /** The authorization server before, if the MCP server names another one now. */
  readonly previousIssuer: string | undefined
  /** What would be requested, space-separated; with `insufficient_scope`, what is granted already is part of it. */
  readonly scope: string | undefined
}

type SessionOptions = Pick<
  SessionClientConfig,
  | 'vault'
  | 'sessionStore'
  | 'userAgent'
  | 'fetch'
  | 'insecure'
  | 'timeoutSeconds'
  | 'lifetimeSeconds'
  | 'idleSeconds'
  | 'absoluteSeconds'
  | 'dpop'
  | 'par'
  | 'signature'
  | 'provider'
  | 'stepUp'
>

/** Options of `createMcpAuth`. Those that are not described here are the ones of `createSessionClient` and `identifyClient`. */
export interface McpAuthConfig extends SessionOptions, Omit<ClientIdentityOptions, 'signal' | 'fetch' | 'insecure'> {
  /** The URL of the MCP server. */
  readonly url: string
  /** Space-separated: requested in addition to what the MCP server names, for example `openid`. Default: nothing. */
  readonly scope?: string | undefined
  /** On a server: the app's own id of the user, so that nobody gets the tokens or the sign-in of another. Default: none. */
  readonly user?: string | undefined
  /** Pass `deviceGrant(…)` to sign in on another device (RFC 8628), where no browser can come back to this one. */
  readonly device?: DeviceGrant | undefined
  /** Chooses one of the authorization servers that the MCP server names. Default: the first. */
  readonly chooseServer?: ((issuers: readonly string[]) => string | Promise<string>) | undefined
  /**
   * Is asked before each sign-in that an MCP server causes; return true to let the user sign in now. Default: `fetch` fails with
   * `login_required` or `insufficient_scope`, whose `signIn()` you call in a click. It is asked at most twice for one request
   * and five times in ten minutes, whatever the answers; after that `fetch` fails in the same way.
   */
  readonly confirmSignIn?: ((request: SignInRequest) => boolean | Promise<boolean>) | undefined
  /** `acceptResourceOfWholeOrigin`, for MCP servers that name their origin. */
  readonly originResource?: OriginResourceSwitch | undefined
}

/** The sign-in of one user at one MCP server. */
export interface McpAuth {
  /**
   * Pass it as `fetch` to the transport of the MCP SDK, without an `authProvider`. It sends the access token to this MCP
   * server and to nothing else. After a 401 it finds out where to sign in, refreshes the token or lets the user sign in, and
   * sends the request again; after `insufficient_scope` it asks for the union of the scopes.
   * @throws the errors of `fetch`, of `discoverResource`, `discoverServerOf` and `identifyClient`, and of the sign-in;
   * `login_required`, `insufficient_scope`: call `error.signIn()`; `step_up_failed`: another sign-in would not help
   */
  readonly fetch: Fetch
  /** The current session; undefined if no user is signed in. */
  readonly session: Session | undefined
  /**
   * Signs in without being asked by the MCP server. A popup needs `preload()` before, so that it opens in the click.
   * @returns undefined if the page is left, and with `deviceGrant`
   */
  signIn(options?: SignInOptions): Promise<SignInResult | undefined>
  /** Discovers the MCP server and its authorization server, identifies the client, and restores the session. */
  preload(): Promise<void>
  /** In a page: what `start()` of `createSessionClient` does. Call it once, on every page. */
  start(options?: PageStartOptions): Promise<Started>
  /**
   * On a server: completes the sign-in of this user with the callback URL.
   * @throws what `handleCallback` of `createClient` throws; `other_client` for the callback of another user, which stays valid
   */
  handleCallback(options?: { readonly url?: string; readonly signal?: AbortSignal }): Promise<SignInResult | undefined>
  /** @throws `login_required`; what `getAccessToken` of `createSessionClient` throws */
  getAccessToken(): Promise<string>
  /** Ends the session here and revokes its tokens. */
  signOut(): Promise<void>
  readonly subscribe: Subscribe<ProofkeyEvent>
  /** Stops all timers and listeners. The stored session is kept. */
  close(): void
}
