import { base64url } from '../../crypto/base64url.js'
import { digest, sha256 } from '../../crypto/digest.js'
import type { TestClient } from './authorize.js'
import type { createDpopCheck } from './dpop-check.js'
import type { Fault } from './fault.js'
import type { createIssued, TestGrant } from './issued.js'
import type { createTestSigner } from './signer.js'

interface TokenParts {
  readonly issuer: string
  readonly clientId: string
  readonly expiresInSeconds: number
  readonly issued: ReturnType<typeof createIssued>
  readonly signer: ReturnType<typeof createTestSigner>
  readonly dpopCheck: ReturnType<typeof createDpopCheck>
}

export const oauthError = (error: string, status = 400): Response => Response.json({ error }, { status })

/** The client of a request with a body; undefined if it is not known, or does not prove itself as here (RFC 6749 §2.3). */
export function authenticated(
  request: Request,
  body: URLSearchParams,
  clientOf: (id: string) => TestClient | undefined,
): string | undefined {
  // Not in the metadata, so never checked.
  if (body.has('client_assertion')) return undefined
  const basic = /^Basic (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  const [id = '', secret = ''] = basic
    ? basicParts(basic)
    : [body.get('client_id') ?? '', body.get('client_secret') ?? '']
  const client = clientOf(id)
  return client && (client.secret ?? '') === secret ? id : undefined
}

/** Name and secret, each encoded as in a form (RFC 6749 §2.3.1). */
function basicParts(text: string): string[] {
  try {
    return atob(text)
      .split(':')
      .map((part) => decodeURIComponent(part.replace(/\+/g, ' ')))
  } catch {
    return []
  }
}

/** The token endpoint: codes with PKCE (RFC 7636 §4.6), refresh tokens with rotation, DPoP (RFC 9449 §5). */
export async function token(
  request: Request,
  body: URLSearchParams,
  { issuer, clientId, expiresInSeconds, issued, signer, dpopCheck }: TokenParts,
  fault: Fault,
): Promise<Response> {
  const jkt = await dpopCheck(request)
  if (jkt === false) return oauthError('invalid_dpop_proof')
  switch (body.get('grant_type')) {
    case 'authorization_code': {
      const taken = issued.takeCode(body.get('code') ?? '')
      const challenge = await sha256(body.get('code_verifier') ?? '')
      if (taken?.code.challenge !== challenge || taken.code.redirectUri !== body.get('redirect_uri'))
        return oauthError('invalid_grant')
      return taken.code.clientId === clientId
        ? answer({ ...taken.code, jkt }, taken.family)
        : oauthError('invalid_grant')
    }
    case 'refresh_token': {
      const text = body.get('refresh_token') ?? ''
      const found = issued.refreshToken(text)
      if (found?.grant.clientId !== clientId || found.grant.jkt !== jkt) return oauthError('invalid_grant')
      const scope = body.get('scope') ?? found.grant.scope
      if (!scope.split(' ').every((one) => found.grant.scope.split(' ').includes(one)))
        return oauthError('invalid_scope')
      // Only a token that is answered with another one is spent.
      issued.spend(text, found)
      return answer(found.grant, found.family, scope)
    }
    default:
      return oauthError('unsupported_grant_type')
  }

  async function answer(grant: TestGrant, family: string, scope = grant.scope): Promise<Response> {
    const tokens = issued.addTokens(grant, family, scope)
    const isOpenId = !!fault.claims || grant.scope.split(' ').includes('openid')
    const { acr, nonce } = grant
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      ...grant.user,
      iss: issuer,
      aud: clientId,
      iat: now,
      exp: now + 300,
      auth_time: grant.authTimeSeconds,
      nonce,
      acr,
      at_hash: base64url((await digest('SHA-256', tokens.access_token)).subarray(0, 16)),
      ...fault.claims,
    }
    const sign = () => signer.sign(claims, fault.signedBy ? 'foreign' : 'own', fault.joseHeader)
    return Response.json({
      ...tokens,
      token_type: grant.jkt ? 'DPoP' : 'Bearer',
      expires_in: expiresInSeconds,
      scope,
      id_token: isOpenId ? issued.addIdToken(await sign()) : undefined,
      ...fault.members,
    })
  }
}
