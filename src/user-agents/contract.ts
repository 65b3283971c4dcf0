export interface OpenOptions {
  readonly redirectUri: string
  readonly signal: AbortSignal | undefined
}

/** How the person travels to the server and back. */
export interface UserAgent {
  /** Short name for events and messages, for example `redirect`. */
  readonly name: string
  /**
   * Sends the person to the authorization URL.
   * @returns the URL they came back with, where this page stays alive; undefined where the page was left, and only if
   * the person came back to it without an answer.
   */
  open(url: URL, options: OpenOptions): Promise<string | undefined>
}
