import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { createSigningKey, thumbprintOf } from '../../crypto/signing-key.js'
import { Inconclusive } from '../check.js'
import type { Reaction } from './attempts.js'
import type { AuditContext } from './context.js'
import type { HttpResponse } from './http.js'
import { createJwt, type Sign, signWith } from './jwt.js'
import { describeResponse, hasTokens } from './outcomes.js'
import type { Changes, IssuedCode } from './requests.js'

/** How a proof differs from an honest one. */
export interface ProofChanges {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly sign?: Sign
}

/** Writes DPoP proofs (RFC 9449 §4.2) with a key of its own, ES256. */
export interface Prover {
  /** The thumbprint of the key. */
  readonly jkt: string
  readonly sign: Sign
  /** @param nonce that the server asked for */
  proof(method: string, url: string, nonce?: string, changes?: ProofChanges): Promise<string>
}

export async function createProver(): Promise<Prover> {
  const { privateKey, publicJwk } = await createSigningKey()
  const own = signWith(privateKey)
  return {
    jkt: await thumbprintOf(publicJwk),
    sign: own,
    proof: (method, url, nonce, { claims, sign = own } = {}) =>
      createJwt(
        { typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk },
        { jti: randomToken(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), nonce, ...claims },
        sign,
      ),
  }
}

/** Whether the server wants another nonce in the proof (RFC 9449 §8, §9). */
export const asksForNonce = ({ json, headers }: HttpResponse): boolean =>
  json?.['error'] === 'use_dpop_nonce' || /use_dpop_nonce/.test(headers.get('www-authenticate') ?? '')

/** Sends a request again, once, with the nonce that the server asks for. */
export async function withNonce(send: (nonce?: string) => Promise<HttpResponse>): Promise<HttpResponse> {
  const response = await send()
  const nonce = response.headers.get('dpop-nonce')
  return nonce && asksForNonce(response) ? send(nonce) : response
}

/** Redeems a code with a proof. */
export const redeemWithProof = (
  context: AuditContext,
  code: IssuedCode,
  prover: Prover,
  changes?: ProofChanges,
): Promise<HttpResponse> =>
  withNonce(async (nonce) =>
    context.redeem(code, {
      headers: { dpop: await prover.proof('POST', context.endpoint('token_endpoint'), nonce, changes) },
    }),
  )

/** Refreshes with a proof. */
export const refreshWithProof = (context: AuditContext, refreshToken: unknown, prover: Prover): Promise<HttpResponse> =>
  withNonce(async (nonce) =>
    context.refresh(refreshToken, {
      headers: { dpop: await prover.proof('POST', context.endpoint('token_endpoint'), nonce) },
    }),
  )

/**
 * Tokens of an honest sign-in that are bound to the prover's key.
 * @throws Inconclusive if the server does not bind them
 */
export async function boundTokens(
  context: AuditContext,
  prover: Prover,
  changes: Changes = {},
): Promise<Readonly<Record<string, unknown>>> {
  const response = await redeemWithProof(context, await context.code(changes), prover)
  if (!hasTokens(response))
    throw new Inconclusive(`A sign-in with an honest DPoP proof gave no tokens (${describeResponse(response)}).`)
  if (`${response.json['token_type']}`.toLowerCase() !== 'dpop')
    throw new Inconclusive('The server lists DPoP, but gave this client a token that is bound to no key.')
  return response.json
}

/** Uses an access token at the userinfo endpoint with a proof. */
export const sendBoundToken = (
  context: AuditContext,
  token: unknown,
  prover: Prover,
  { scheme = 'DPoP', ...changes }: ProofChanges & { readonly scheme?: string } = {},
): Promise<HttpResponse> =>
  withNonce(async (nonce) => {
    const url = context.endpoint('userinfo_endpoint')
    const claims = { ath: await sha256(`${token}`), ...changes.claims }
    const dpop = await prover.proof('GET', url, nonce, { ...changes, claims })
    return context.send({ url, headers: { authorization: `${scheme} ${token}`, dpop } })
  })

/** What the userinfo endpoint says about an attack. */
export function userinfoReaction(response: HttpResponse): Reaction {
  const detail = describeResponse(response)
  if (response.status === 200) return { outcome: 'accepted', detail }
  return { outcome: [400, 401, 403].includes(response.status) ? 'refused' : 'unclear', detail }
}

/**
 * A bound access token that works with its own proof.
 * @throws Inconclusive if it does not
 */
export async function workingBoundToken(context: AuditContext, prover: Prover): Promise<string> {
  const { access_token: token } = await boundTokens(context, prover)
  const control = await sendBoundToken(context, token, prover)
  if (control.status === 200) return `${token}`
  throw new Inconclusive(`A bound token with an honest proof does not work at userinfo (${describeResponse(control)}).`)
}
