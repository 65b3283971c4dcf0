/** Keeps what belongs to one client at one issuer apart. */
export interface Partition {
  /**
   * Keeps sign-ins, sessions and keys of the same client apart from those with another value, for example per resource or
   * user. It is part of the keys in the stores, so it must not be a secret. Default: none.
   */
  readonly partition?: string | undefined
}

/** Who a sign-in belongs to: one client at one issuer, and one partition of it. */
export const clientKeyOf = (issuer: string, clientId: string, partition?: string): string =>
  JSON.stringify(partition === undefined ? [issuer, clientId] : [issuer, clientId, partition])
