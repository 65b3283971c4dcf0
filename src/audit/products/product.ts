/** The setting of a product that repairs what a check found. */
export interface Setting {
  /** What to set, in the product's own words. */
  readonly text: string
  /** Where the product says so. */
  readonly source: string
}

/** An authorization server that others make, and its settings by the id of the check that they repair. */
export interface Product {
  readonly name: string
  /** The host of its issuer or of its authorization endpoint, where its maker runs it. */
  readonly host?: RegExp
  /** The paths of members of its metadata; all must fit. Without both, no metadata tells the product. */
  readonly paths?: Readonly<Record<string, RegExp>>
  readonly settings: Readonly<Record<string, Setting>>
}

/** One setting for several checks. */
export const settings = (
  source: string,
  ...all: readonly (readonly [text: string, ...checkIds: string[]])[]
): Record<string, Setting> =>
  Object.fromEntries(all.flatMap(([text, ...checkIds]) => checkIds.map((id) => [id, { text, source }])))

export const PKCE_MISSING = ['pkce-required', 'pkce-downgrade', 'challenge-required-at-start'] as const
export const PKCE_PLAIN = [
  'pkce-methods-listed',
  'plain-challenge',
  'challenge-without-method',
  'plain-refused-at-start',
] as const
