import { ProofkeyError, redact } from '../../errors.js'
import { parseUrl } from '../discovery/endpoint.js'

/** Where a host is, from outside to inside: a document may name hosts that are at most as far inside as its own. */
const ZONES = ['public', 'private', 'loopback', 'link-local'] as const
type Zone = (typeof ZONES)[number]

/** Names that never are of a public host (RFC 6761, RFC 6762, RFC 8375, and the usual ones of companies, clouds and clusters). */
const INTERNAL_NAME = /(^|\.)(local|internal|intranet|private|corp|home|lan|localdomain|home\.arpa|svc|test)$/

/** IPv4 ranges that are not public (RFC 6890), without those of the other zones. */
const PRIVATE_RANGES = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  // Public by its number, but Azure answers there from inside.
  ['168.63.129.16', 32],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const

/**
 * The zone of a URL's host, by its name or address alone: no name is looked up. `URL` has already normalized the address
 * (`0x7f.1` and `2130706433` are `127.0.0.1`).
 */
export function zoneOf({ hostname }: URL): Zone {
  const name = hostname.replace(/\.+$/, '')
  if (name.startsWith('[')) return zoneOfIpv6(name.slice(1, -1))
  if (/^[\d.]+$/.test(name)) return zoneOfIpv4(numberOf(name))
  if (/(^|\.)localhost$/.test(name)) return 'loopback'
  return name.includes('.') && !INTERNAL_NAME.test(name) ? 'public' : 'private'
}

const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const isWithin = (address: number, start: string, bits: number) =>
  Math.floor(address / 2 ** (32 - bits)) === Math.floor(numberOf(start) / 2 ** (32 - bits))

function zoneOfIpv4(address: number): Zone {
  // Of 0.0.0.0, Linux connects to itself.
  if (isWithin(address, '127.0.0.0', 8) || isWithin(address, '0.0.0.0', 8)) return 'loopback'
  if (isWithin(address, '169.254.0.0', 16)) return 'link-local'
  return PRIVATE_RANGES.some(([start, bits]) => isWithin(address, start, bits)) ? 'private' : 'public'
}

/** @param address as `URL` writes it: lower case, compressed, without dots */
function zoneOfIpv6(address: string): Zone {
  const [head = '', tail] = address.split('::')
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean))
  const zeros = tail === undefined ? 0 : 8 - left!.length - right!.length
  const groups = [...left!, ...Array(zeros).fill('0'), ...right!].map((group) => Number(`0x${group}`))
  const [first = 0, second = 0] = groups
  const ipv4 = groups[6]! * 65_536 + groups[7]!
  const isEmbedded = groups.slice(0, 5).every((group) => !group) && (groups[5] === 0 || groups[5] === 0xffff)
  // `::1` is 0.0.0.1 here, which is loopback too.
  if (isEmbedded) return zoneOfIpv4(ipv4)
  // The address of the instance metadata of AWS is a private one, but never that of a server.
  if (first >> 6 === 0xfe80 >> 6 || address === 'fd00:ec2::254') return 'link-local'
  // Tunnels (Teredo, 6to4) end at an IPv4 address; what is not in 2000::/3 is not public.
  return first >> 13 === 1 && first !== 0x2002 && !(first === 0x2001 && second === 0) ? 'public' : 'private'
}

/** Whether a document of `from` may make us send a request to `to`: never from a public host to one inside a network. */
export const mayReach = (from: URL, to: URL): boolean => ZONES.indexOf(zoneOf(to)) <= ZONES.indexOf(zoneOf(from))

/**
 * Checks all endpoints of a document before one is used: that of a public server may name no host inside a network
 * (server-side request forgery, RFC 9728 §7.7). It compares names and addresses, and looks no name up: where requests of
 * strangers decide what is discovered, also pass a `fetch` that refuses private addresses when it connects.
 * @param from the URL that the document belongs to
 * @throws `endpoint_refused`
 * @example
 * ```ts
 * import { checkReach, discover } from 'proofkey/protocol'
 *
 * const issuer = 'https://login.example.com'
 * checkReach(await discover(issuer), issuer) // throws if a public server names an address inside a network
 * ```
 */
export function checkReach(document: object, from: string): void {
  const { mtls_endpoint_aliases } = document as Record<string, unknown>
  // One after the other: an alias has the name of the endpoint that it stands for.
  for (const [name, value] of [document, Object(mtls_endpoint_aliases)].flatMap(Object.entries)) {
    const url = /(endpoint|jwks_uri)$/.test(name) && parseUrl(value)
    if (url && !mayReach(new URL(from), url))
      throw new ProofkeyError(
        'endpoint_refused',
        `${name} of ${redact(from)} is inside a network: ${redact(url.host)}.`,
        'Do not use this server, unless you know it; then pass its metadata yourself.',
      )
  }
}
