import { type IdTokenOptions, idTokenPolicy, type TrustedAudiences } from '../../src/protocol/jose/id-token.js'
import type { CompleteOptions } from '../../src/protocol/token/complete.js'
import { completeAuthorization, type Transaction } from '../../src/protocol.js'
import { createSigner } from './signer.js'

const signer = createSigner('RS256')
export const NONCE = 'nonce-of-this-sign-in'

/** A sign-in whose token request is answered so. */
export interface TokenAnswer extends IdTokenOptions, TrustedAudiences {
  readonly body: unknown
  readonly status?: number | null | undefined
  readonly contentType?: string | undefined
  readonly headers?: Record<string, string> | undefined
  /** Puts an honest ID token in the place of the one in `body`, with these claims. */
  readonly claims?: Record<string, unknown> | undefined
  readonly header?: object | undefined
  readonly scope?: string | undefined
  readonly requiredScope?: string | undefined
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  readonly options?: CompleteOptions | undefined
}

/** Completes it, and keeps the requests. */
export function answered({
  body,
  scope = '',
  issuer = 'https://as.example',
  clientId = 'spa',
  ...answer
}: TokenAnswer) {
  const now = Math.floor(Date.now() / 1000)
  const nonce = scope.split(' ').includes('openid') ? NONCE : undefined
  const { acrValues, maxAgeSeconds, trustedAudiences, requiredScope } = answer
  const asked = { scope, acrValues, maxAgeSeconds, trustedAudiences }
  const transaction: Transaction = {
    server: { issuer, token_endpoint: `${issuer}/token`, id_token_signing_alg_values_supported: ['RS256'] },
    clientId,
    redirectUri: 'https://app.example/callback',
    state: 'the-state',
    codeVerifier: 'verifier-'.repeat(5),
    scope,
    requiredScope,
    idToken: idTokenPolicy(asked, { nonce, requestedAtMs: Date.now() }),
    expiresAtMs: Date.now() + 60_000,
  }
  const claims = { iss: issuer, aud: clientId, sub: 'ada', iat: now, exp: now + 300, nonce, ...answer.claims }
  const id_token = signer.sign(claims, answer.header)
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push(new Request(input, init))
    const whole = answer.claims ? { ...(body as object), id_token } : body
    return new Response(typeof whole === 'string' ? whole : JSON.stringify(whole), {
      status: answer.status ?? 200,
      headers: { 'content-type': answer.contentType ?? 'application/json', ...answer.headers },
    })
  }
  const callback = 'https://app.example/callback?code=the-code&state=the-state'
  return { sent, grant: completeAuthorization(transaction, callback, { fetch, ...answer.options }) }
}
