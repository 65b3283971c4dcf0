import { codeOf, isProofkeyError, ProofkeyError } from '../errors.js'
import { createEmitter, type EventBody, type ProofkeyEvent, type Subscribe } from '../events.js'
import { readCredentials, type TokenScheme } from '../protocol/resource/credentials.js'
import { type ResourceMetadata, resourceMetadataUrl, schemeParameters } from '../protocol/resource/resource-metadata.js'
import type { Claims } from '../protocol/resource/token-checks.js'
import { scopes } from '../protocol/scope.js'
import { checkDemands, checkDemandsMet, type Demands } from './demands.js'
import { createIssuer } from './issuers.js'
import { metadataHandler, resourceMetadata } from './metadata.js'
import { isRefusal, withResponse } from './refusal.js'
import { checkResourceServerConfig, type ResourceServerConfig, type TrustedIssuer } from './resource-server-config.js'
import { type Binding, createConstraintCheck } from './sender-constraint.js'
import { createTokenValidator } from './token-validator.js'

/** What an authorized request may do, and for whom. */
export interface Access {
  readonly issuer: string
  /** `sub`: the user, or the client itself (RFC 9068 §2.2). Unique only together with `issuer`. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** Space-separated, as granted. */
  readonly scope: string
  readonly scopes: readonly string[]
  readonly tokenType: TokenScheme
  /** What the token is bound to, checked; `none` for a bearer token. */
  readonly binding: Binding
  /** How the user signed in (`acr`). */
  readonly acr: string | undefined
  /** When the user signed in (`auth_time`), in milliseconds since the epoch. */
  readonly authenticatedAtMs: number | undefined
  /** In milliseconds since the epoch; undefined if the introspection response does not say. */
  readonly expiresAtMs: number | undefined
  /** All claims: of the JWT, or of the introspection response. */
  readonly claims: Claims
  /** Add them to the response: the next DPoP nonce, if there is one (RFC 9449 §8.2). */
  readonly headers: Headers
}

/** An API that accepts access tokens; see {@link createResourceServer}. */
export interface ResourceServer {
  /**
   * Validates the access token of a request, and what it may do.
   * @throws the refusal, whose `toResponse()` is the response with the right challenge: `token_missing`, `token_refused`,
   * `dpop_proof_refused`, `dpop_nonce_required`, `step_up_required` (401), `request_malformed` (400), `insufficient_scope`
   * (403), `validation_unavailable` (503); `config_invalid` for the demands
   */
  authorize(request: Request, demands?: Demands): Promise<Access>
  /**
   * A handler that is called for authorized requests only. Others get their refusal; requests for the metadata document get
   * that. Its other errors are thrown.
   */
  protect<More extends unknown[]>(
    demands: Demands,
    handler: (request: Request, access: Access, ...more: More) => Response | Promise<Response>,
  ): (request: Request, ...more: More) => Promise<Response>
  /** The metadata document (RFC 9728 §2). */
  readonly metadata: ResourceMetadata
  /** Where it is: route this path to `handle`. */
  readonly metadataUrl: string
  /** Responds to a request for the metadata document, for any origin (CORS); undefined for every other request. */
  handle(request: Request): Response | undefined
  /** Subscribes to events. @returns a function that ends the subscription */
  readonly subscribe: Subscribe<ProofkeyEvent>
}

/**
 * Protects an API with access tokens: JWTs (RFC 9068) and opaque ones (RFC 7662), bearer tokens (RFC 6750) and such that are
 * bound to a key (DPoP, RFC 9449) or a certificate (mutual TLS, RFC 8705), with step-up challenges (RFC 9470) and metadata (RFC 9728).
 * Uses Web APIs only. Metadata and keys of the authorization server are loaded at the first request.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { createResourceServer } from 'proofkey/resource-server'
 *
 * const api = createResourceServer({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
 * export const orders = api.protect({ scope: 'orders:read' }, (_, access) => Response.json({ ordersOf: access.subject }))
 * ```
 */
export function createResourceServer(config: ResourceServerConfig): ResourceServer {
  checkResourceServerConfig(config)
  const trusted = config.issuers ?? [config as TrustedIssuer]
  const resource = config.resource ?? ([config.audience].flat()[0] as string)
  const { clockToleranceSeconds = 30, realm } = config
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  const first = (trusted[0] as TrustedIssuer).issuer
  const report = (body: EventBody, issuer = first, clientId?: string) =>
    emit({ atMs: Date.now(), issuer, clientId, ...body })

  const issuers = trusted.map((one) => createIssuer(one, config, (event) => report(event, one.issuer)))
  const tokens = createTokenValidator({ config, issuers, report })
  const constraint = createConstraintCheck(config, resource, report)
  const metadata = resourceMetadata(config, resource)
  const metadataUrl = resourceMetadataUrl(resource).href
  const handle = metadataHandler(metadata, metadataUrl)
  const accepted = (config.dpop ? (config.dpop.required ? ['DPoP'] : ['Bearer', 'DPoP']) : ['Bearer']) as TokenScheme[]
  const schemes = Object.fromEntries(accepted.map((scheme) => [scheme, schemeParameters(scheme, metadata)]))

  async function authorize(request: Request, demands: Demands = {}): Promise<Access> {
    checkDemands(demands)
    let used: TokenScheme | undefined
    let known: { readonly issuer: string; readonly claims: Claims } | undefined
    try {
      const credentials = readCredentials(request)
      if (!credentials) throw tokenMissing()
      used = credentials.scheme
      known = await tokens.validate(credentials.token)
      const { binding, nonce } = await constraint.check(request, credentials, known.claims)
      checkDemandsMet(known.claims, demands, clockToleranceSeconds)
      return accessOf(known.issuer, known.claims, used, binding, nonce)
    } catch (error) {
      if (!isProofkeyError(error) || !isRefusal(error)) throw error
      report({ type: 'token_refused', code: codeOf(error), claim: error.claim }, known?.issuer, clientOf(known?.claims))
      const nonce = error.code === 'dpop_nonce_required' ? await constraint.nonces?.current() : undefined
      throw withResponse(error, { schemes, realm, metadataUrl }, { used, demands, nonce })
    }
  }

  return {
    authorize,
    protect: (demands, handler) => {
      checkDemands(demands)
      return async (request, ...more) => {
        const document = handle(request)
        if (document) return document
        let access: Access
        try {
          access = await authorize(request, demands)
        } catch (error) {
          const refusal = isProofkeyError(error) && error.toResponse?.()
          if (!refusal) throw error
          return refusal
        }
        return withHeaders(await handler(request, access, ...more), access.headers)
      }
    },
    metadata,
    metadataUrl,
    handle,
    subscribe,
  }
}

const clientOf = (claims: Claims | undefined) => claims?.['client_id'] as string | undefined

function accessOf(
  issuer: string,
  claims: Claims,
  tokenType: TokenScheme,
  binding: Binding,
  nonce: string | undefined,
): Access {
  const scope = (claims['scope'] as string | undefined) ?? ''
  const ms = (seconds: unknown) => (typeof seconds === 'number' ? seconds * 1000 : undefined)
  return {
    issuer,
    subject: claims['sub'] as string | undefined,
    clientId: clientOf(claims),
    scope,
    scopes: scopes(scope),
    tokenType,
    binding,
    acr: claims['acr'] as string | undefined,
    authenticatedAtMs: ms(claims['auth_time']),
    expiresAtMs: ms(claims['exp']),
    claims,
    headers: new Headers(nonce ? { 'dpop-nonce': nonce } : undefined),
  }
}

/** The response itself, if there is nothing to add: that of a `fetch` cannot be changed. */
function withHeaders(response: Response, added: Headers): Response {
  const pairs = [...added]
  if (!pairs[0]) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of pairs) headers.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

const tokenMissing = () =>
  new ProofkeyError('token_missing', 'The request has no access token.', 'Send one in the Authorization header.')
