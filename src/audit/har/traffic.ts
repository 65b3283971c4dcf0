import { createRedaction } from '../run/redact.js'
import { type HarEntry, type HarFile, type Recording, readHar } from './har.js'
import { endpointsIn, findHosts, type Hosts, originOf } from './hosts.js'
import { findSecrets, furtherSecrets, type Secret } from './secrets.js'
import { findSignIns, parameter, placeOf, type SignIn } from './sign-ins.js'

/** All that the checks look at: the recordings and what was found in them. */
export interface Traffic {
  readonly recordings: readonly Recording[]
  /** Of all recordings, in their order. */
  readonly entries: readonly HarEntry[]
  readonly signIns: readonly SignIn[]
  readonly secrets: readonly Secret[]
  readonly hosts: Hosts
  /** Neither the authorization server, nor the app, nor its backend. */
  isThirdParty(entry: HarEntry): boolean
  /** An endpoint of the authorization server, also where app and server share a host. */
  isServerEndpoint(entry: HarEntry): boolean
  /** Scheme, host and path, and the recording if there are several. A secret in the path is cut by `redacted`. */
  place(where: HarEntry | URL): string
  /** A text without secrets. */
  redacted(text: string): string
}

/** Enough for every value of a person's recording; a bound for hostile ones. */
const MAX_REDACTED = 20_000

/** @throws `config_invalid` if a file cannot be read */
export function readTraffic(files: readonly HarFile[]): Traffic {
  const recordings = files.map(readHar)
  const entries = recordings.flatMap((recording) => recording.entries)
  const signIns = recordings.flatMap(findSignIns)
  const secrets = findSecrets(recordings, signIns)
  const hosts = findHosts(recordings, signIns)
  const endpoints = new Set(entries.flatMap((entry) => endpointsIn(entry, hosts.server)).map(placeOf))
  const tokenRequests = new Set(entries.filter(({ fields }) => fields.some(([name]) => name === 'grant_type')))
  const redaction = createRedaction()
  for (const { kind, value } of secrets) redaction.add(value, kind)
  const further = new Set([
    ...signIns.flatMap((signIn) => parameter(signIn, 'nonce') ?? []),
    ...entries.flatMap(furtherSecrets).slice(0, MAX_REDACTED),
  ])
  for (const value of further) redaction.add(value, 'secret')
  const lowerCase = [...secrets.map(({ value }) => value), ...further].map((value) => value.toLowerCase())
  const shownHosts = new Map<string, string>()
  /** Hosts are compared without case, and so is what they contain. */
  function shownHost({ host }: URL): string {
    const label = (text: string) =>
      text.length >= SHORTEST_LABEL && lowerCase.some((value) => value.includes(text) || text.includes(value))
        ? '‹…›'
        : text
    const shown = shownHosts.get(host) ?? host.split('.').map(label).join('.')
    shownHosts.set(host, shown)
    return shown
  }
  const ours = new Set([...hosts.server, ...hosts.app])

  return {
    recordings,
    entries,
    signIns,
    secrets,
    hosts,
    isThirdParty: ({ url }) => !ours.has(originOf(url)),
    isServerEndpoint: (entry) => tokenRequests.has(entry) || endpoints.has(placeOf(entry.url)),
    redacted: redaction.text,
    place(where) {
      const url = 'url' in where ? where.url : where
      const path = url.pathname.split('/').map(segment).join('/')
      const recording = 'url' in where && recordings.length > 1 ? ` (${where.recording})` : ''
      return `${url.protocol}//${shownHost(url)}${path}${recording}`
    },
  }
}

/** A shorter part of a host name is no secret, but can be in one: in a redirect URI, for example. */
const SHORTEST_LABEL = 16

/** A long segment with digits may be a key to something. */
const segment = (text: string) => (text.length >= 20 && /\d/.test(text) ? '‹…›' : text)
