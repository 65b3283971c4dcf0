/** Where to sign in, and as whom. */
export interface Setup {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
}

/** What the bench asks of every contestant. */
export interface Flow {
  /** Loads the provider's metadata and nothing else. */
  preload(): Promise<unknown>
  /** Leaves the page for the provider in the contestant's own way. */
  signIn(): Promise<unknown>
  /** Finishes the sign-in this page was loaded with, and leaves no code in the address bar. */
  handleCallback(): Promise<{ readonly accessToken: string | undefined; readonly subject: string | undefined }>
}

export type Create = (setup: Setup) => Flow
