import { sha256 } from '../../crypto/digest.js'
import type { ErrorCode } from '../../errors.js'
import type { Fault, TestEndpoint } from './fault.js'
import type { createIssued } from './issued.js'

/** An attack on a sign-in, or a server that does it wrong. */
export interface Attack {
  readonly endpoint: TestEndpoint
  /** The code of the error that `signIn` or `handleCallback` throws. */
  readonly refusedWith: ErrorCode
  readonly fault: Fault
}

const tokenFault = (fault: Fault, refusedWith: ErrorCode = 'id_token_invalid') =>
  ({ endpoint: 'token', fault, refusedWith }) as const
const callbackFault = (callback: Fault['callback'], refusedWith: ErrorCode) =>
  ({ endpoint: 'authorization', fault: { callback }, refusedWith }) as const

/** The attacks that {@link TestServer.attack} knows, by name, each with the error that refuses it. */
export const attacks = {
  /** An ID token of another sign-in (OpenID Connect Core §3.1.3.7, 11). */
  wrong_nonce: tokenFault({ claims: { nonce: 'of-another-sign-in' } }),
  missing_nonce: tokenFault({ claims: { nonce: undefined } }),
  /** An ID token of another server. */
  wrong_issuer: tokenFault({ claims: { iss: 'https://other.test' } }),
  /** An ID token for another client. */
  wrong_audience: tokenFault({ claims: { aud: 'another-client' } }),
  expired_id_token: tokenFault({ claims: { exp: 1_000_000_300 } }),
  /** Signed by a key that is not the server's; detected with `signature: checkIdTokenSignature`. */
  forged_signature: tokenFault({ signedBy: 'foreign_key' }),
  /** An access token of somebody else beside the ID token (OpenID Connect Core §3.1.3.8). */
  swapped_access_token: tokenFault({ members: { access_token: 'access-of-somebody-else' } }),
  /** The response says that it is of another server (RFC 9207 §2.4, RFC 9700 §4.4). */
  mix_up: callbackFault({ iss: 'https://other.test' }, 'callback_issuer_mismatch'),
  /** The response to a sign-in that was started elsewhere: login CSRF (RFC 9700 §4.7). */
  wrong_state: callbackFault({ state: 'of-another-sign-in' }, 'unknown_state'),
  /** A code that somebody else has got, put into the user's callback (RFC 9700 §4.5): PKCE refuses it. */
  code_injected: callbackFault({ code: 'of-somebody-else' }, 'token_request_refused'),
} satisfies Record<string, Attack>

/** The name of an attack. */
export type AttackName = keyof typeof attacks

/** The verifier of the attacker, with whose challenge the injected code was issued. */
export const ATTACKERS_VERIFIER = 'attackers-verifier-attackers-verifier-attackers'

/** The attack on the next sign-in; an injected code is a good one for the same client, of another sign-in. */
export function attackOf(name: AttackName, { addCode }: Pick<ReturnType<typeof createIssued>, 'addCode'>): Attack {
  const attack: Attack = attacks[name]
  if (name !== 'code_injected') return attack
  const callback = async (asked: URLSearchParams) => ({
    code: addCode({
      clientId: asked.get('client_id') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
      challenge: await sha256(ATTACKERS_VERIFIER),
      user: { sub: 'mallory' },
      scope: asked.get('scope') ?? '',
      // As if it were known: PKCE alone has to refuse the code.
      nonce: asked.get('nonce') ?? undefined,
      acr: undefined,
      authTimeSeconds: Math.floor(Date.now() / 1000),
    }),
  })
  return { ...attack, fault: { callback } }
}
