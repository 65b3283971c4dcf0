/** One sign-in, as the user agent that carries the person sees it. */
export interface SignInAttempt {
  /** Where the server is to send the person back to. */
  readonly redirectUri: string
  readonly signal: AbortSignal | undefined
  /**
   * Starts the sign-in and puts its secrets away.
   * @throws what `signIn` throws before the person leaves; then nobody is to be sent anywhere
   */
  begin(overrides?: SignInOverrides): Promise<AuthorizationRequestUrl>
  /** Whether a URL is the awaited callback: at the redirect URI, with the `state` of this sign-in. Leave others alone. */
  isCallback(url: string): boolean
  /**
   * Finishes the sign-in with the URL the person came back with, where this page has stayed alive.
   * @throws what `handleCallback` throws, to be passed on
   */
  complete(url: string): Promise<void>
}

/** Where to send the person, and what their return is known by. */
export interface AuthorizationRequestUrl {
  readonly url: URL
  /** Comes back in the callback. A pushed request's URL does not hold it (RFC 9126 §4). */
  readonly state: string
  /** Where the server puts its answer. */
  readonly responseMode: 'query' | 'fragment' | 'form_post'
}

/** What a user agent sets itself. */
export interface SignInOverrides {
  /** The redirect URI with the port that is listened at (RFC 8252 §7.3). */
  readonly redirectUri?: string | undefined
  readonly prompt?: 'none' | undefined
}

/** How the person travels to the server and back. */
export interface UserAgent {
  /** Short name for messages, for example `redirect`. */
  readonly name: string
  /** The page stays alive meanwhile: where storage fails, the sign-in may wait in its memory. */
  readonly keepsPage?: boolean | undefined
  /**
   * Sends the person away and, where it can, waits for them. Called in the same turn as `signIn`, so that what a browser
   * opens only in a click can be opened before the first `await`. Whatever the outcome, it leaves nothing behind: no
   * listener, timer, server or window, but one that a `Cross-Origin-Opener-Policy` keeps it from closing.
   */
  open(attempt: SignInAttempt): Promise<void>
}
