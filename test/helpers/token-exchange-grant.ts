import Provider, { errors, type TokenEndpointGrantContext } from 'oidc-provider'
import { TOKEN_TYPES } from '../../src/protocol.js'
import { type createNonces, createProofCheck } from './proof.js'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const PARAMETERS = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'audience',
  'scope',
] as const
type Parameters = { [Name in (typeof PARAMETERS)[number]]?: string } & { resource?: string | string[] }

/** Who acts in the token that is being issued: the claim `act` (RFC 8693 §4.1), for `extraTokenClaims`. */
export const actorOf = (context: object): string | undefined => actors.get(context)
const actors = new WeakMap<object, string>()

/**
 * Teaches a real provider token exchange (RFC 8693), by its own tokens: an access token of a user becomes one for a resource
 * of `scopes`, signed, or an ID token. With a proof (RFC 9449) it is bound to its key; `nonces` says who hands out nonces.
 */
export function registerTokenExchange(
  provider: Provider,
  scopes: Readonly<Record<string, string>>,
  nonces?: ReturnType<typeof createNonces>,
): void {
  const check = createProofCheck(nonces)

  async function exchange(context: TokenEndpointGrantContext<Parameters>) {
    const { client, params } = context.oidc
    const subject = await provider.AccessToken.find(params.subject_token ?? '')
    if (params.subject_token_type !== TOKEN_TYPES.accessToken || !subject)
      throw new errors.InvalidRequest('the subject token is not acceptable')
    if (params.actor_token !== undefined) {
      const actor = await provider.ClientCredentials.find(params.actor_token)
      if (!actor) throw new errors.InvalidRequest('the actor token is not acceptable')
      actors.set(context, actor.clientId ?? '')
    } else actors.set(context, client.clientId)

    if (params.requested_token_type === TOKEN_TYPES.idToken) {
      const idToken = new provider.IdToken({ sub: subject.accountId }, { ctx: context })
      Object.assign(idToken, { scope: 'openid' })
      const access_token = await idToken.issue({ use: 'idtoken' })
      context.body = { access_token, issued_token_type: TOKEN_TYPES.idToken, token_type: 'N_A' }
      return
    }
    const [resource = '', more] = [params.resource ?? []].flat()
    const offered = scopes[resource]?.split(' ')
    if (!offered || more) throw new errors.InvalidTarget('one resource that is known')
    const wanted = params.scope?.split(' ') ?? offered
    const token = new provider.AccessToken({
      accountId: subject.accountId,
      client,
      grantId: subject.grantId ?? '',
      gty: 'token_exchange',
      scope: wanted.filter((scope: string) => offered.includes(scope)).join(' '),
    })
    token.resourceServer = new provider.ResourceServer(resource, {
      audience: resource,
      ...jwtFormat(scopes[resource]!),
    })
    const proof = context.get('dpop')
    if (proof) {
      const { method, href: url } = context
      const shown = check({ method, url, headers: { dpop: proof } })
      if (nonces) context.set('dpop-nonce', nonces.next())
      if ('error' in shown)
        throw shown.error === 'use_dpop_nonce'
          ? new errors.UseDpopNonce('a nonce')
          : new errors.InvalidDpopProof(shown.why ?? '')
      token.setThumbprint('jkt', shown.jkt)
    }
    const access_token = await token.save()
    context.body = {
      access_token,
      issued_token_type: TOKEN_TYPES.accessToken,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    }
  }
  provider.registerGrantType<Parameters>(GRANT_TYPE, exchange, [...PARAMETERS, 'resource'], ['resource', 'audience'])
}

/** A resource server whose access tokens are signed. */
export const jwtFormat = (scope: string) => ({
  scope,
  accessTokenTTL: 600,
  accessTokenFormat: 'jwt' as const,
  jwt: { sign: { alg: 'RS256' as const } },
})
