import { sha256 } from '../../../crypto/digest.js'
import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, warning } from '../../check.js'
import { signInWith, tryAll } from '../../run/attempts.js'
import { rfc } from '../../sources.js'

export const verifierLength: AuditCheck = {
  id: 'verifier-length',
  title: 'A verifier has 43 to 128 characters',
  severity: 'low',
  sources: [rfc(7636, '4.1')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'Sign-ins whose verifiers have 42 and 129 characters, with the fitting challenges.',
  why: 'An app with a fault may send a proof so short that it can be guessed. A server that checks the length finds such an app in its first test.',
  repair:
    'Refuse a code_verifier that is not 43 to 128 characters of A-Z a-z 0-9 - . _ ~ with invalid_request or invalid_grant.',
  run(context) {
    const attempt = async (length: number) => {
      const verifier = (randomToken() + randomToken() + randomToken() + randomToken()).slice(0, length)
      context.hide(verifier, 'code_verifier')
      return signInWith(context, { code_challenge: await sha256(verifier) }, { body: { code_verifier: verifier } })
    }
    return tryAll(
      { 'a verifier of 42 characters': () => attempt(42), 'a verifier of 129 characters': () => attempt(129) },
      { result: warning },
    )
  },
}
