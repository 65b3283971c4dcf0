import type { PrivateJwk, ServerMetadata } from '../../src/protocol.js'
import type { Visitor } from './visitor.js'

/** The methods of client authentication that servers are tried with. */
export type Method = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/** A client as it is registered at the server. */
export interface RegisteredClient {
  readonly clientId: string
  /** Of the methods with a secret. */
  readonly secret?: string
  /** Of `private_key_jwt`. */
  readonly key?: PrivateJwk
}

/** What `start()` of each server is given. */
export interface StartServerOptions {
  /** Registered for all clients. */
  readonly redirectUri?: string
  /** Without the CORS headers that the tests add where a library leaves them to its user. */
  readonly withoutCors?: true
  /** Anyone may register a client (RFC 7591); better-auth only. */
  readonly openRegistration?: true
}

/** An authorization server on a loopback port. Whoever starts it closes it. */
export interface RunningServer {
  readonly issuer: string
  /** Where the server publishes none. */
  readonly metadata?: ServerMetadata
  /** What a sign-in asks for; with the scope that the server wants for a refresh token. */
  readonly scope: string
  /** What the server demands of every client: pushed authorization requests (RFC 9126), DPoP (RFC 9449). */
  readonly requires?: { readonly par?: true; readonly dpop?: true }
  readonly redirectUri: string
  /** One client for each method that the server has. */
  readonly clients: { readonly [method in Method]?: RegisteredClient }
  /** Takes a visitor through the server's pages, as `ada`, from the authorization URL. @returns the callback URL */
  signIn(visitor: Visitor, url: URL | string): Promise<string>
  close(): Promise<void>
}

/** One folder of `test/servers/` exports it. */
export type StartServer = (options?: StartServerOptions) => Promise<RunningServer>

export const REDIRECT_URI = 'https://app.example/callback'
export const USER = { name: 'ada', password: 'correct horse battery', email: 'ada@app.example' }

/** Ids and a secret with each character that form encoding and percent-encoding may treat differently. */
export const clientIdOf = (method: Method) => `app-1_2.3~${method}`
export const SECRET = 'Secret-of_the.app~with-32_or.more~characters'
