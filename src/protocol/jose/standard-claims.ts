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
