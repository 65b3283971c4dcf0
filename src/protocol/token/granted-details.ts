import type { EventBody } from '../../events.js'

/** One object of `authorization_details` (RFC 9396 §2): any JSON, with a `type` that says what the other members mean. */
export interface AuthorizationDetail {
  readonly type: string
  readonly [member: string]: unknown
}

/** How many types an event names, and in how many characters each. */
const MAX_TYPES = 10
const MAX_TYPE_LENGTH = 100

/**
 * What keeps a granted list from being what was requested, in words; undefined if nothing does. Each object is granted once,
 * for one request: two granted payments are not one.
 * @param resource of the token: what was requested for other `locations` only (RFC 9396 §2.2) may be missing
 */
export function detailsDifference(
  requested: readonly AuthorizationDetail[],
  granted: readonly AuthorizationDetail[],
  resource?: string,
): string | undefined {
  const isElsewhere = ({ locations }: AuthorizationDetail) =>
    resource !== undefined && Array.isArray(locations) && !locations.includes(resource)
  const pairs = createPairs(requested, granted)
  for (const [index, wanted] of requested.entries()) {
    if (isElsewhere(wanted) || pairs.add(index)) continue
    const other = granted.find(({ type }, at) => type === wanted.type && pairs.isFree(at))
    return other ? `${wanted.type} has another ${difference(wanted, other, '')}` : `${wanted.type} is missing`
  }
  // Last: what is paired stays paired.
  for (const [index, wanted] of requested.entries()) if (isElsewhere(wanted)) pairs.add(index)
  const extra = granted.find((_, at) => pairs.isFree(at))
  return extra && `${extra.type} was not requested`
}

/** Pairs of requested and granted items, each item in one pair, as many as possible (by augmenting paths). */
function createPairs(requested: readonly unknown[], granted: readonly unknown[]) {
  const pairedWith = new Map<number, number>()
  function pair(index: number, tried: Set<number>): boolean {
    return granted.some((item, at) => {
      if (tried.has(at) || difference(requested[index], item, '') !== undefined) return false
      tried.add(at)
      const other = pairedWith.get(at)
      if (other !== undefined && !pair(other, tried)) return false
      pairedWith.set(at, index)
      return true
    })
  }
  return {
    /** @returns false if there is no pair for this requested item */
    add: (index: number) => pair(index, new Set()),
    isFree: (at: number) => !pairedWith.has(at),
  }
}

/**
 * The first place where a granted value is not the requested one; undefined if it is. Members may be added; a list has the same
 * items in any order, unless it was requested empty (RFC 9396 §7.1).
 */
function difference(requested: unknown, granted: unknown, place: string): string | undefined {
  const isSameKind =
    typeof granted === 'object' && granted !== null && Array.isArray(requested) === Array.isArray(granted)
  if (typeof requested !== 'object' || requested === null) return requested === granted ? undefined : place
  if (!isSameKind) return place
  if (Array.isArray(requested)) {
    const items = granted as unknown as readonly unknown[]
    if (!requested.length) return undefined
    const pairs = createPairs(requested, items)
    return requested.length === items.length && requested.every((_, index) => pairs.add(index)) ? undefined : place
  }
  for (const [name, value] of Object.entries(requested)) {
    const inside = place ? `${place}.${name}` : name
    const found = Object.hasOwn(granted, name) ? (granted as Record<string, unknown>)[name] : undefined
    const different = difference(value, found, inside)
    if (different !== undefined) return different
  }
  return undefined
}

/** The event for a granted list that is not the requested one, member by member; with types only, because values are private. */
export function changedDetails(
  requested: readonly AuthorizationDetail[],
  granted: readonly AuthorizationDetail[],
): EventBody | undefined {
  const without = (list: readonly AuthorizationDetail[], others: readonly AuthorizationDetail[]) => {
    const pairs = createPairs(list, others)
    const types = list.filter((_, index) => !pairs.add(index)).map(({ type }) => type.slice(0, MAX_TYPE_LENGTH))
    return [...new Set(types)].slice(0, MAX_TYPES)
  }
  const missing = without(requested, granted)
  // What has more members than the request does not contain itself in it.
  const added = without(granted, requested)
  return missing.length + added.length ? { type: 'authorization_details_changed', missing, added } : undefined
}
