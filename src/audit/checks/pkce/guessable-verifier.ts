import { sha256 } from '../../../crypto/digest.js'
import { type AuditCheck, warning } from '../../check.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { rfc } from '../../sources.js'

export const guessableVerifier: AuditCheck = {
  id: 'guessable-verifier',
  title: 'A verifier that repeats one character is noticed',
  severity: 'info',
  sources: [rfc(7636, '7.1')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'A sign-in whose verifier is one character, repeated 43 times.',
  why: 'Such a proof can be guessed, and comes from an app with a broken source of random values. No standard asks a server to look for it, so this is only a note.',
  repair:
    'Nothing has to be changed. A server may refuse verifiers that are obviously not random, to find faulty apps early.',
  async run(context) {
    const verifier = 'A'.repeat(43)
    const challenge = await sha256(verifier)
    return tryAll(
      {
        'a verifier of one repeated character': () =>
          signInWith(context, { code_challenge: challenge }, { body: { code_verifier: verifier } }),
      },
      { result: warning },
    )
  },
}
