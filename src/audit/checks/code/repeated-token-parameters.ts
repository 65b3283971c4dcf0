import { randomToken } from '../../../crypto/random.js'
import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import type { IssuedCode } from '../../run/requests.js'
import { rfc } from '../../sources.js'

export const repeatedTokenParameters: AuditCheck = {
  id: 'repeated-token-parameters',
  title: 'A token request with a repeated parameter is refused',
  severity: 'low',
  sources: [rfc(6749, '3.2')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'Token requests in which one parameter comes twice: once right and once wrong, in both orders.',
  why: 'If two parts of a system read such a request differently, one checks the first value and the other uses the second. An attacker slips past the check that way.',
  repair: 'Refuse a request in which any parameter of RFC 6749 or RFC 7636 comes more than once with invalid_request.',
  run(context) {
    const twice =
      (name: string, rightOf: (code: IssuedCode) => string, wrong: string, wrongFirst: boolean) => async () => {
        const code = await context.code()
        const right = rightOf(code)
        return context.redeem(code, { body: { [name]: wrongFirst ? [wrong, right] : [right, wrong] } })
      }
    const both = (name: string, rightOf: (code: IssuedCode) => string, wrong: string) => ({
      [`${name} twice, the right one first`]: twice(name, rightOf, wrong, false),
      [`${name} twice, the right one last`]: twice(name, rightOf, wrong, true),
    })
    return tryAll({
      ...both('code_verifier', ({ request }) => request.verifier, randomToken()),
      ...both('code', ({ code }) => code, randomToken()),
      ...both('redirect_uri', ({ request }) => request.redirectUri, 'https://attacker.example/'),
      ...both('grant_type', () => 'authorization_code', 'refresh_token'),
    })
  },
}
