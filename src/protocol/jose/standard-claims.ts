import type { Json } from '../json.js'

/**
 * The claims of an ID token under their standard names (OpenID Connect Core §2, §5.1). Those that identify the user, the
 * client and the sign-in are checked; the others are as the server sent them.
 */
export interface IdTokenClaims extends StandardClaims {
  readonly iss: string
  /** The user, unique at this issuer. */
  readonly sub: string
  readonly aud: string | string[]
  /** Seconds since the epoch, as all times here. */
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly nonce?: string
  /** When the user authenticated. */
  readonly auth_time?: number
  /** How the user authenticated: a class, and the methods. */
  readonly acr?: string
  readonly amr?: string[]
  /** The client that the token was issued to. */
  readonly azp?: string
  /** The session at the server (OpenID Connect Front-Channel Logout 1.0 §3). */
  readonly sid?: string
  readonly [claim: string]: Json | undefined
}

/** The standard claims about a user (OpenID Connect Core §5.1). Each may be missing. */
export interface StandardClaims {
  readonly name?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly middle_name?: string
  readonly nickname?: string
  /** How the user wants to be called. Not unique, and it can change: identify users by `iss` and `sub` (§5.7). */
  readonly preferred_username?: string
  readonly profile?: string
  readonly picture?: string
  readonly website?: string
  /** Not unique, and it can change: identify users by `iss` and `sub` (§5.7). */
  readonly email?: string
  readonly email_verified?: boolean
  readonly gender?: string
  /** `YYYY-MM-DD`, `YYYY`, or `0000-MM-DD`. */
  readonly birthdate?: string
  /** A time zone name, for example `Europe/Paris`. */
  readonly zoneinfo?: string
  /** A BCP 47 language tag. */
  readonly locale?: string
  readonly phone_number?: string
  readonly phone_number_verified?: boolean
  readonly address?: {
    readonly formatted?: string
    readonly street_address?: string
    readonly locality?: string
    readonly region?: string
    readonly postal_code?: string
    readonly country?: string
  }
  /** Seconds since the epoch. */
  readonly updated_at?: number
}
