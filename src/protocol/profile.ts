import type { CheckedMetadata } from './discovery/metadata.js'

declare const brand: unique symbol

/** A security profile: what it demands of a client's configuration and of the server's metadata. `fapi2` makes one. */
export interface Profile {
  readonly [brand]: true
  readonly name: string
  /** What in a configuration contradicts the profile, each in one sentence. */
  problems(config: object): string[]
  /**
   * The metadata that the client may use: with the algorithms of the profile only.
   * @throws `not_supported`, with all that is missing
   */
  server(metadata: CheckedMetadata): CheckedMetadata
}
