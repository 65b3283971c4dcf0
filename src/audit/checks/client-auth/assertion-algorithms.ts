import { base64url } from '../../../crypto/base64url.js'
import { createSigningKey } from '../../../crypto/signing-key.js'
import type { AuditCheck } from '../../check.js'
import { redeemWith, tryAssertions } from '../../run/assertion.js'
import { signWith, signWithSecret } from '../../run/jwt.js'
import { publicJwkOf, publicPemOf } from '../../run/public-key.js'
import { fapi2, rfc } from '../../sources.js'

export const assertionAlgorithms: AuditCheck = {
  id: 'assertion-algorithms',
  title: 'An assertion that the client did not sign with its key is refused',
  severity: 'high',
  sources: [rfc(8725, '3.1'), rfc(7523, '3'), rfc(9700, '2.5'), fapi2('5.4.1')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'confidential', signIn: true },
  sends:
    'Assertions without a signature, signed with the public key as an HMAC secret, with a key of their own in the header, and with another key.',
  why: 'These are the classic ways to forge a signed letter without the key. Where one works, anybody can act as the app.',
  repair:
    'Fix the algorithm of each client by its registration, never by the header of the assertion; accept asymmetric algorithms and the registered keys only.',
  run: (context) =>
    tryAssertions(context, async (assert) => {
      const key = context.client().key ?? {}
      const own = await createSigningKey()
      const hmac = async (secret: string) =>
        redeemWith(context, assert({ header: { alg: 'HS256' }, sign: await signWithSecret(secret) }))
      const unsigned = (alg: string) =>
        redeemWith(context, assert({ header: { alg, kid: undefined }, sign: async () => new Uint8Array() }))
      return {
        'an assertion with alg none': () => unsigned('none'),
        'an assertion with alg None': () => unsigned('None'),
        'an assertion with an empty signature': () =>
          redeemWith(context, assert({ sign: async () => new Uint8Array() })),
        'an assertion with HS256 and the public key (JWK) as the secret': () => hmac(JSON.stringify(publicJwkOf(key))),
        'an assertion with HS256 and the public key (PEM) as the secret': async () => hmac(await publicPemOf(key)),
        'an assertion with HS256 and the modulus or x of the public key as the secret': () =>
          hmac(`${key.n ?? key.x ?? base64url(new Uint8Array(1))}`),
        'an assertion with a key of its own in the header': () =>
          redeemWith(
            context,
            assert({ header: { alg: 'ES256', kid: undefined, jwk: own.publicJwk }, sign: signWith(own.privateKey) }),
          ),
        'an assertion signed with another key': () =>
          redeemWith(context, assert({ header: { alg: 'ES256' }, sign: signWith(own.privateKey) })),
      }
    }),
}
