import { ProofkeyError, redact } from '../../errors.js'
import { MAX_AUTHORIZATION_SERVERS, MAX_DISCOVERED_URL_LENGTH, MAX_RESOURCE_SCOPES } from '../../limits.js'
import { configInvalid } from '../authorize/begin.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../discovery/endpoint.js'
import type { Provider } from '../provider.js'
import { type RequestOptions, responseRefused } from '../request.js'
import { joinScopes } from '../scope.js'
import { challengeOf } from './challenge.js'
import { firstDocument } from './first-document.js'
import { mayReach } from './reach.js'

declare const brand: unique symbol
/** The type of {@link acceptResourceOfWholeOrigin}, its only value. */
export type OriginResourceSwitch = ((documentUrl: string, asked: URL) => readonly string[]) & { readonly [brand]: true }

/**
 * Pass it as `originResource` to accept that the document at the root of the origin names the origin as the resource, where
 * you asked for a URL with a path. Many MCP servers do that; the document is of the origin's owner. The access token is then
 * for the whole origin, so whoever serves any path that you call can use it at all others.
 *
 * @deprecated Marked only as a warning: do not use it for hosts that serve paths of several parties.
 * @example
 * ```ts
 * import { acceptResourceOfWholeOrigin, discoverResource } from 'proofkey/protocol'
 *
 * const found = await discoverResource('https://mcp.example.com/mcp', { originResource: acceptResourceOfWholeOrigin })
 * ```
 */
export const acceptResourceOfWholeOrigin = ((documentUrl: string, { origin }: URL) =>
  documentUrl === origin + WELL_KNOWN ? [origin, `${origin}/`] : []) as unknown as OriginResourceSwitch

/** Options of {@link discoverResource}. */
export interface ResourceDiscoveryOptions extends RequestOptions {
  /** The resource's response with status 401: its challenge says where the metadata is, and which scope is needed. */
  readonly response?: Response | undefined
  /** {@link acceptResourceOfWholeOrigin}, and nothing else. Default: the document must name the URL that was asked. */
  readonly originResource?: OriginResourceSwitch | undefined
}

/** What a resource says about how to get an access token for it. */
export interface DiscoveredResource {
  /** The resource's identifier: the `resource` of the authorization, token and refresh requests (RFC 8707 §2). */
  readonly resource: string
  /**
   * The issuers that the resource accepts tokens of, in its order; the choice is yours, and everything that is stored for one
   * of them (client, session) is not for another. At least one and at most ten, each an https URL that may be reached.
   */
  readonly authorizationServers: readonly [string, ...string[]]
  /** The scope of the challenge, otherwise `scopes_supported`, otherwise undefined. */
  readonly scope: string | undefined
  /** Where the document was found. */
  readonly documentUrl: string
  /** The whole document, under the standard names (RFC 9728 §2). Only the members above are checked. */
  readonly metadata: Readonly<Record<string, unknown>>
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Finds out which authorization servers issue tokens for a resource, for example an MCP server (RFC 9728). It reads the
 * document that the challenge names (`resource_metadata`), and nothing else if there is one; otherwise the one at the
 * well-known path before the resource's own path, and if that does not exist the one at the root. The document must name the
 * resource exactly as it was asked for (§3.3). Nothing inside a network is requested because a public resource names it;
 * redirects are not followed.
 * @param resource the URL of the resource, for example `https://mcp.example.com/mcp`
 * @throws `config_invalid`; `endpoint_refused`, for URLs that are not https or lead inside a network; `resource_mismatch`;
 * `response_refused`, also for a document without a usable authorization server; `network_error`, `timeout`, `aborted`
 * @example
 * ```ts
 * import { discoverResource } from 'proofkey/protocol'
 *
 * const url = 'https://mcp.example.com/mcp'
 * const { authorizationServers, scope } = await discoverResource(url, { response: await fetch(url) })
 * ```
 */
export async function discoverResource(
  resource: string,
  options: ResourceDiscoveryOptions = {},
): Promise<DiscoveredResource> {
  const asked = resourceUrl(resource, options.insecure)
  const { scope, resource_metadata } = options.response ? challengeOf(options.response) : {}
  const { url: documentUrl, document: metadata } = await load(asked, resource_metadata, options)
  const named = metadata['resource']
  // The path of an origin may be written or not: both are one URL (RFC 3986 §6.2.3).
  const names = [resource, asked.href, ...(asked.href === `${asked.origin}/` ? [asked.origin] : [])]
  if (!isOneOf(named, [...names, ...(options.originResource?.(documentUrl, asked) ?? [])])) {
    const isOrigin = isOneOf(named, acceptResourceOfWholeOrigin(documentUrl, asked))
    const hint = isOrigin ? 'If all paths of the origin are of one party, see acceptResourceOfWholeOrigin.' : CORRECT
    throw new ProofkeyError('resource_mismatch', `The document of ${redact(resource)} is of ${shown(named)}.`, hint)
  }
  return {
    resource: named,
    authorizationServers: serversOf(documentUrl, metadata['authorization_servers'], asked, options.insecure),
    scope: joinScopes(scope) ?? scopesOf(metadata['scopes_supported']),
    documentUrl,
    metadata,
  }
}

/**
 * The `resource` option of a sign-in for a discovered resource: with it, the authorization, token and refresh requests all have
 * the parameter (RFC 8707 §2). Only for a provider that is known to refuse it (`resourceRefused`) it is undefined.
 * @example
 * ```ts
 * import { discoverResource, resourceParameter } from 'proofkey/protocol'
 *
 * const resource = resourceParameter(await discoverResource('https://mcp.example.com/mcp'))
 * ```
 */
export const resourceParameter = (
  { resource }: Pick<DiscoveredResource, 'resource'>,
  provider?: Provider,
): string | undefined => (provider?.resourceRefused ? undefined : resource)

const isOneOf = (value: unknown, names: readonly string[]): value is string => names.includes(value as string)

/** Of a value that is no text only its type: it may be nested too deep to be written. */
const shown = (value: unknown) =>
  typeof value === 'string' ? redact(JSON.stringify(value)) : `a value of type ${typeof value}`

const CORRECT =
  'Use the URL that the resource names, if you know that it is this resource; otherwise correct its metadata.'

function resourceUrl(resource: string, insecure: InsecureSwitch | undefined): URL {
  const url = parseUrl(resource)
  if (url && isPlain(url) && isSecure(url, insecure)) return url
  throw configInvalid([
    `resource (${typeof resource}): must be an https URL without user and fragment; for development see allowInsecureLoopback`,
  ])
}

/** The document that the challenge names; without one, the first that exists. */
async function load(asked: URL, named: string | undefined, options: RequestOptions) {
  if (named !== undefined) checkNamed('resource_metadata', named, asked, options.insecure)
  const { origin, pathname, search } = asked
  const inserted = (pathname === '/' ? '' : pathname) + search
  const wellKnown = [inserted, ''].map((place) => origin + WELL_KNOWN + place)
  return firstDocument<Readonly<Record<string, unknown>>>(new Set(named === undefined ? wellKnown : [named]), options, {
    hint: CHECK_RESOURCE,
  })
}

const CHECK_RESOURCE = 'Check the URL of the resource; without its metadata you must know its authorization server.'

/** The usable ones of the first ten. */
function serversOf(documentUrl: string, listed: unknown, asked: URL, insecure: InsecureSwitch | undefined) {
  let refusal = responseRefused(documentUrl, 'names no authorization server', CHECK_RESOURCE)
  const usable = [listed ?? []]
    .flat()
    .slice(0, MAX_AUTHORIZATION_SERVERS)
    .filter((issuer): issuer is string => {
      try {
        checkNamed('authorization_servers', issuer, asked, insecure)
        return true
      } catch (error) {
        refusal = error as ProofkeyError<'response_refused'>
        return false
      }
    })
  const [first, ...others] = new Set(usable)
  if (first === undefined) throw refusal
  return [first, ...others] as const
}

/** @throws `endpoint_refused`, for a URL that is not https, too long, or of a host that the resource must not name */
function checkNamed(name: string, value: unknown, asked: URL, insecure: InsecureSwitch | undefined): void {
  const url = parseUrl(value)
  const isIssuer = name === 'authorization_servers'
  const problem =
    !url || !isPlain(url) || !isSecure(url, insecure) || (isIssuer && url.href.includes('?'))
      ? 'is not a plain https URL'
      : url.href.length > MAX_DISCOVERED_URL_LENGTH
        ? 'is too long'
        : !mayReach(asked, url) && 'is inside a network, the resource is not'
  if (problem) throw new ProofkeyError('endpoint_refused', `${name} ${problem}: ${shown(value)}.`, CHECK_RESOURCE)
}

/** `hash` and `search` are also empty for an empty fragment or query. */
const isPlain = ({ href, username, password }: URL) => !href.includes('#') && !username && !password

const scopesOf = (listed: unknown): string | undefined =>
  joinScopes(
    ...[listed ?? []]
      .flat()
      .filter((value): value is string => typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value))
      .slice(0, MAX_RESOURCE_SCOPES),
  )
