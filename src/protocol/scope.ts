import { MAX_SCOPE_VALUES } from '../limits.js'

/** The values of a space-separated list (RFC 6749 §3.3). */
export const scopes = (list: string | undefined): string[] => list?.split(' ').filter(Boolean) ?? []

/** All values of these lists, each once; undefined if there is none. */
export const joinScopes = (...lists: (string | undefined)[]): string | undefined =>
  [...new Set(lists.flatMap(scopes))].join(' ') || undefined

/**
 * The values of a response's `scope`. Some servers send a list, or commas in place of spaces. A comma is part of a value if
 * it was in the requested one (RFC 6749 §3.3 allows it). At most 1000 are read.
 */
export const grantedScopes = (scope: string | readonly string[], requested: string | undefined): string[] => {
  const asked = scopes(requested)
  return [scope]
    .flat()
    .flatMap(scopes)
    .flatMap((value) => (asked.includes(value) ? value : value.split(',')))
    .filter(Boolean)
    .slice(0, MAX_SCOPE_VALUES)
}
