import type { Vault } from '../vault/vault.js'

/** One sign-in, as a {@link UserAgent} sees it. */
export interface SignInAttempt {
  /** The redirect URI of the client. */
  readonly redirectUri: string
  readonly signal: AbortSignal | undefined
  /**
   * Starts the sign-in: stores its verifier, `state` and `nonce` in the vault and builds the authorization request.
   * @throws what `signIn` throws before the page is left; then navigate nowhere and pass the error on
   */
  begin(overrides?: SignInOverrides): Promise<AuthorizationRequestUrl>
  /** Whether a URL is the callback of this sign-in: at its redirect URI, with its `state`. Ignore every other URL. */
  isCallback(url: string): boolean
  /**
   * Completes the sign-in with its callback URL, in a page that was not left.
   * @throws what `handleCallback` throws; pass the error on
   */
  complete(url: string): Promise<void>
}

/** Where to send the user, and how to recognise the response. */
export interface AuthorizationRequestUrl {
  readonly url: URL
  /** The `state` of the response. The URL of a pushed authorization request does not contain it (RFC 9126 §4). */
  readonly state: string
  /** The URL as text. */
  toString(): string
  /** How the server returns the response parameters. */
  readonly responseMode: 'query' | 'fragment' | 'form_post'
}

/** The parameters that a user agent may change for one sign-in. */
export interface SignInOverrides {
  /** Another redirect URI, for example with the port of the loopback server (RFC 8252 §7.3). */
  readonly redirectUri?: string | undefined
  readonly prompt?: 'none' | undefined
}

/** Shows the server's pages to the user and receives the callback: by a redirect, a popup, a frame, a system browser. */
export interface UserAgent {
  /** A short name for messages, for example `redirect`. */
  readonly name: string
  /** Set if the page is not left: keeps the sign-in in the page's memory if the vault's storage fails. */
  readonly memory?: Vault | undefined
  /** Not set: it can show pages to the user. See {@link SilentUserAgent}. */
  readonly silent?: undefined
  /**
   * Called by `start()` in the page at the redirect URI: passes the callback URL to the page that waits for it.
   * @returns false if no page waits
   */
  readonly relay?: (() => Promise<boolean>) | undefined
  /**
   * Sends the user to the server and, if the page is not left, waits for the callback and completes the sign-in. It is called
   * synchronously by `signIn`, so that a popup can be opened before the first `await`. It must remove all its listeners,
   * timers, servers and windows, on failure too; a window cut off by `Cross-Origin-Opener-Policy` is the only exception.
   */
  open(attempt: SignInAttempt): Promise<void>
}

/** A user agent that shows the user nothing: it sends `prompt=none`. Of the configuration, `silent` accepts only such a one. */
export interface SilentUserAgent extends Omit<UserAgent, 'silent'> {
  readonly silent: true
}
