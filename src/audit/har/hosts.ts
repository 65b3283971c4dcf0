import { fieldOf, parametersOf } from './fields.js'
import { type HarEntry, headerOf, type Recording } from './har.js'
import { redirectUriOf, type SignIn } from './sign-ins.js'

/** What each origin is to the sign-ins of the recordings. */
export interface Hosts {
  /** The authorization server's. */
  readonly server: ReadonlySet<string>
  /** The app's, with its backends. */
  readonly app: ReadonlySet<string>
  /** Those that are sent an access token in `Authorization`. */
  readonly api: ReadonlySet<string>
}

/** The origin of a URL; a WebSocket has that of its page's scheme. */
export const originOf = (url: URL): string => url.origin.replace(/^ws/, 'http')

/** Sorts the origins of the recordings by what they do in its sign-ins. */
export function findHosts(recordings: readonly Recording[], signIns: readonly SignIn[]): Hosts {
  const server = new Set<string>()
  const app = new Set<string>()
  const api = new Set<string>()
  for (const signIn of signIns) {
    server.add(originOf(signIn.entry.url))
    const uri = redirectUriOf(signIn)
    if (uri) app.add(originOf(uri))
    for (const { url, entry, via } of signIn.arrivals) {
      app.add(originOf(url))
      if (via === 'redirect' && signIn.arrivals[0]?.entry === entry) server.add(originOf(entry.url))
    }
    const known = signIn.tokenRequests.filter(({ kind }) => kind === 'token_endpoint')
    for (const { entry } of known) if (!app.has(originOf(entry.url))) server.add(originOf(entry.url))
    // Where the code is redeemed at a token endpoint or by the app itself, nobody else has a use for it.
    if (!known.length && !signIn.tokenRequests.some(({ entry }) => app.has(originOf(entry.url))))
      for (const { entry } of signIn.tokenRequests.slice(0, 1)) app.add(originOf(entry.url))
  }
  for (const { entries } of recordings)
    for (const entry of entries) {
      for (const endpoint of endpointsIn(entry, server)) server.add(originOf(endpoint))
      if (/^(bearer|dpop) /i.test(headerOf(entry.headers, 'authorization'))) api.add(originOf(entry.url))
    }
  for (const { entries } of recordings) followRedirects(entries, server, app)
  return { server, app, api }
}

/** The endpoints of metadata that the browser loaded (RFC 8414), if they are of one of these servers. */
export function endpointsIn({ responseFields }: HarEntry, server: ReadonlySet<string>): URL[] {
  const authorization = fieldOf(responseFields, 'authorization_endpoint') ?? ''
  if (!URL.canParse(authorization) || !server.has(originOf(new URL(authorization)))) return []
  return responseFields.flatMap(([name, value]) =>
    /_(endpoint|iframe|uri)$/.test(name) && URL.canParse(value) ? [new URL(value)] : [],
  )
}

/** A server may send a person to its sign-in pages on other hosts before there is a code. */
function followRedirects(entries: readonly HarEntry[], server: Set<string>, app: ReadonlySet<string>): void {
  for (const { url, location } of entries) {
    if (!location || !server.has(originOf(url)) || app.has(originOf(location))) continue
    const carriesCode = parametersOf(location).some(([name]) => /^(code|id_token|access_token|response)$/.test(name))
    if (!carriesCode && /^https?:$/.test(location.protocol)) server.add(originOf(location))
  }
}
