/** A client that was registered dynamically (RFC 7591); it can be serialised as JSON. Encrypt it: it may hold a secret. */
export interface ClientRegistration {
  readonly issuer: string
  readonly clientId: string
  /** `token_endpoint_auth_method`. */
  readonly method: string
  readonly redirectUris: readonly string[]
  /** What was asked for as `grant_types`. Default: authorization code and refresh token. */
  readonly grantTypes?: readonly string[] | undefined
  readonly clientSecret?: string | undefined
  /** Seconds since the epoch; 0 or undefined: never (RFC 7591 §3.2.1). */
  readonly secretExpiresAtSeconds?: number | undefined
}

/**
 * Stores registered clients, one for each issuer: `memoryRegistrations()`, `sealedRegistrations()`, or your
 * own, for example Redis (`SET NX`) or files (`open` with `wx`). What it returns is checked before it is used.
 */
export interface ClientRegistrations {
  /** @returns undefined also for what it cannot read; then `add` replaces that */
  get(issuer: string): Promise<ClientRegistration | undefined>
  /** Stores it unless there is one, in one step. @returns the one that is stored then */
  add(issuer: string, registration: ClientRegistration): Promise<ClientRegistration>
  /** Deletes it if it is of this client. @returns whether it was */
  delete(issuer: string, clientId: string): Promise<boolean>
  /** Runs one work at a time for an issuer, so that two do not register at once. Without it, both do and one is used. */
  exclusive?<T>(issuer: string, work: () => Promise<T>): Promise<T>
}
