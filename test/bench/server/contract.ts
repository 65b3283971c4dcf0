import type { ServerMetadata } from '../../../src/server.js'

/** Where to sign in, and as whom. The metadata is given, so that the token request is the only one. */
export interface Setup {
  readonly metadata: ServerMetadata
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly scope: string
  readonly fetch: typeof globalThis.fetch
}

/** What the bench asks of every contestant: PKCE, state and nonce, kept in a sealed cookie; client_secret_basic. */
export interface Contestant {
  /** Answers with a redirect to the authorization server and the cookie. */
  signIn(request: Request): Promise<Response>
  /** Redeems the code and checks the ID token. @returns whose it is, and the headers that delete the cookie */
  handleCallback(request: Request): Promise<{ readonly subject: string | undefined; readonly headers: Headers }>
}

export type Create = (setup: Setup) => Contestant
