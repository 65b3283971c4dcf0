/** The values of a space-separated list (RFC 6749 §3.3). */
export const scopes = (list: string | undefined): string[] => list?.split(' ').filter(Boolean) ?? []

/** All values of these lists, each once; undefined if there is none. */
export const joinScopes = (...lists: (string | undefined)[]): string | undefined =>
  [...new Set(lists.flatMap(scopes))].join(' ') || undefined
