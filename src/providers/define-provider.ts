import { ProofkeyError } from '../errors.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { PinnedServer } from '../protocol/authorize/transaction.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import type { ServerMetadata } from '../protocol/discovery/metadata.js'
import type { IdTokenPolicy } from '../protocol/jose/id-token.js'
import {
  type LogoutParameters,
  type Provider,
  type ProviderRequest,
  providers,
  type ServerProvider,
  serverRules,
} from '../protocol/provider.js'
import { scopes } from '../protocol/scope.js'

/** The claims of an ID token before they are checked. */
export type UncheckedClaims = Readonly<Record<string, unknown>>

/** How a server differs from the standards. Each member is a deviation of its own; leave out what the server does right. */
export interface ProviderDefinition {
  /** The server's name, for error messages. */
  readonly name: string
  /** Why the deviation is needed, and the evidence: for the reader of the code, and for an audit. */
  readonly reason: string
  /**
   * The URL before `/.well-known/openid-configuration`, where that is not the issuer. The document must still name the
   * configured `issuer`, exactly (RFC 8414 §3.3).
   */
  readonly metadataBase?: string
  /** Metadata that the server's document lacks. A member of the document wins. */
  readonly missingMetadata?: Omit<Partial<ServerMetadata>, 'issuer'>
  /** Metadata that is wrong in the server's document. It wins; `issuer` cannot be changed. */
  readonly correctedMetadata?: Omit<Partial<ServerMetadata>, 'issuer'>
  /**
   * The server refuses the `resource` parameter (RFC 8707), so a client that finds its server from a resource does not send it:
   * `resourceParameter` of `proofkey/protocol`. What a token is good for then depends on its scope alone.
   */
  readonly resourceRefused?: 'only the scope says which API a token is for'
  /** What a token response without `token_type` is. RFC 6749 §5.1 requires the member; with DPoP it still is refused. */
  readonly impliedTokenType?: 'bearer'
  /**
   * Accepts a response with an ID token and without access token, if no scope of an API was requested. `accessToken` is then
   * `''`, and `getAccessToken()` fails with `interaction_required`.
   */
  readonly idTokenAlone?: 'if no API is requested'
  /**
   * The issuer that an ID token with these claims must have, compared exactly. For servers with one issuer for each tenant.
   * Return undefined to reject the token.
   */
  readonly issuerOf?: (claims: UncheckedClaims) => string | undefined
  /**
   * A further check of the ID token, besides all others.
   * @returns undefined if it passes, otherwise what is wrong, for example `its tfp is not B2C_1_signin`
   */
  readonly checkClaims?: (claims: UncheckedClaims) => string | undefined
  /**
   * The server does not return the `nonce` (OpenID Connect Core §3.1.3.7, 11). It is still sent, and one that comes back must
   * match. Without it, an ID token of another sign-in is recognised by its age only, so that everything depends on PKCE:
   * for `createServerClient` only.
   */
  readonly nonceNotReturned?: 'only PKCE protects the code'
  /** Why this server is for `createServerClient` only, as a sentence. */
  readonly serverOnly?: string
  /** The names of the logout parameters, by their standard names; one that is not listed is not sent. */
  readonly logoutParameters?: Readonly<Partial<Record<LogoutParameter, string>>>
  /** What prevents a sign-in with these parameters, each in one sentence: `config_invalid` before the user leaves. */
  readonly problems?: (request: ProviderRequest) => readonly string[]
}

/** The parameters of OpenID Connect RP-Initiated Logout 1.0 §2. */
export type LogoutParameter =
  | 'client_id'
  | 'id_token_hint'
  | 'post_logout_redirect_uri'
  | 'state'
  | 'logout_hint'
  | 'ui_locales'

type ServerDefinition = ProviderDefinition &
  ({ readonly serverOnly: string } | { readonly nonceNotReturned: NonNullable<ProviderDefinition['nonceNotReturned']> })

/**
 * Describes how a server differs from the standards, for the `provider` option of the clients. Where a deviation weakens a
 * check, its text in the configuration says so.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createClient } from 'proofkey'
 * import { defineProvider } from 'proofkey/providers'
 *
 * const provider = defineProvider({
 *   name: 'Example',
 *   reason: 'Its documentation promises S256.',
 *   missingMetadata: { code_challenge_methods_supported: ['S256'] },
 * })
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   provider,
 * })
 * ```
 */
export function defineProvider(definition: ServerDefinition): ServerProvider
export function defineProvider(definition: ProviderDefinition): Provider
export function defineProvider(given: ProviderDefinition): Provider | ServerProvider {
  // What was checked cannot be changed later.
  const definition = { ...given }
  checkDefinition(definition)
  const { name, serverOnly, nonceNotReturned, problems = () => [] } = definition
  const own = made(definition, problems)
  const reason =
    serverOnly ?? (nonceNotReturned && `${name} does not return the nonce, so only PKCE protects the code.`)
  if (!reason) return own
  const text = `provider: ${name} is for createServerClient only. ${reason.replace(/\.$/, '')}`
  const { nonceNotReturned: _, ...strict } = definition
  const outer = made(strict, () => [text]) as unknown as ServerProvider
  serverRules.set(outer, own)
  return outer
}

function made(definition: ProviderDefinition, problems: NonNullable<ProviderDefinition['problems']>) {
  const { name, reason, metadataBase, missingMetadata, correctedMetadata, logoutParameters } = definition
  const provider = {
    name,
    reason,
    metadataBase,
    resourceRefused: !!definition.resourceRefused,
    metadata: (document: ServerMetadata) => ({
      ...missingMetadata,
      ...document,
      ...correctedMetadata,
      issuer: document.issuer,
    }),
    tokenResponse: (body: unknown, scope: string | undefined) => tokenResponse(definition, body, scope),
    idToken: (claims: UncheckedClaims, server: PinnedServer, policy: IdTokenPolicy) =>
      idToken(definition, claims, server, policy),
    logout: (parameters: LogoutParameters) => (logoutParameters ? renamed(parameters, logoutParameters) : parameters),
  }
  providers.set(provider, problems)
  return Object.freeze(provider) as unknown as Provider
}

/** Scopes for which no access token is needed (OpenID Connect Core §5.4, §11). */
const OPENID_SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']

function tokenResponse(
  { impliedTokenType, idTokenAlone }: ProviderDefinition,
  body: unknown,
  scope: string | undefined,
) {
  const { access_token, id_token } = Object(body) as Record<string, unknown>
  const isAlone = idTokenAlone && !access_token && scopes(scope).every((value) => OPENID_SCOPES.includes(value))
  const whole = impliedTokenType && access_token ? { token_type: impliedTokenType, ...(body as object) } : body
  return [whole, isAlone ? id_token : undefined] as const
}

function idToken(
  { name, issuerOf, checkClaims, nonceNotReturned }: ProviderDefinition,
  claims: UncheckedClaims,
  server: PinnedServer,
  policy: IdTokenPolicy,
): readonly [PinnedServer, IdTokenPolicy] {
  const issuer = issuerOf ? issuerOf(claims) : server.issuer
  if (issuer === undefined) throw rejected(`it is of an issuer that is not accepted at ${name}`, 'iss')
  const problem = checkClaims?.(claims)
  if (problem) throw rejected(problem)
  // Without a nonce to compare, the token's age is checked.
  const isWithout = nonceNotReturned && claims['nonce'] === undefined
  return [{ ...server, issuer }, isWithout ? { ...policy, nonce: undefined } : policy]
}

const rejected = (what: string, claim?: 'iss') =>
  new ProofkeyError('id_token_invalid', `The ID token was rejected: ${what}.`, 'Check the provider entry.', { claim })

const renamed = (parameters: LogoutParameters, names: NonNullable<ProviderDefinition['logoutParameters']>) =>
  Object.fromEntries(Object.entries(names).map(([name, itsName]) => [itsName, parameters[name]]))

/** The `typeof` of each member. */
const TYPES = {
  string: 'name reason metadataBase resourceRefused impliedTokenType idTokenAlone nonceNotReturned serverOnly',
  object: 'missingMetadata correctedMetadata logoutParameters',
  function: 'issuerOf checkClaims problems',
}

/** JavaScript callers too get what the types promise: texts that name what is weakened, and no other member. */
function checkDefinition(definition: ProviderDefinition): void {
  const given = Object(definition) as Record<string, unknown>
  const types = Object.entries(TYPES).flatMap(([type, names]) => names.split(' ').map((name) => [name, type] as const))
  const known = new Map(types)
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const type = known.get(name)
    if (!type) return [`${name}: is not a member of a provider`]
    return value === undefined || (typeof value === type && value)
      ? []
      : [`${name} (${typeof value}): must be a ${type}`]
  })
  for (const name of ['name', 'reason']) if (!given[name]) problems.push(`${name}: is required`)
  const { metadataBase } = definition
  if (metadataBase !== undefined && !parseUrl(metadataBase)) problems.push('metadataBase: must be an absolute URL')
  for (const document of [definition.missingMetadata, definition.correctedMetadata])
    if ('issuer' in Object(document)) problems.push('issuer: is an option of the client; metadata cannot change it')
  for (const [name, only] of Object.entries(ONLY_VALUES))
    if (given[name] !== undefined && given[name] !== only) problems.push(`${name}: its only value is "${only}"`)
  if (problems[0]) throw configInvalid(problems)
}

const ONLY_VALUES = {
  resourceRefused: 'only the scope says which API a token is for',
  impliedTokenType: 'bearer',
  idTokenAlone: 'if no API is requested',
  nonceNotReturned: 'only PKCE protects the code',
} as const
