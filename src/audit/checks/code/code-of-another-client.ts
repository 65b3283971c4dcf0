import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { rfc } from '../../sources.js'

export const codeOfAnotherClient: AuditCheck = {
  id: 'code-of-another-client',
  title: 'A code is only for the client that asked for it',
  severity: 'high',
  sources: [rfc(6749, '4.1.3'), rfc(9700, '2.1.1')],
  sets: ['rfc9700'],
  needs: { client: 'any', signIn: true, otherClient: true },
  sends: 'A code of an honest sign-in, with its verifier, redeemed by another client of the server.',
  why: 'One app of many may be careless or hostile. If it can use the codes of the others, it gets the sessions of their users.',
  repair: 'Keep the client with the code, and refuse with invalid_grant if another one sends it.',
  async run(context) {
    const client = context.otherClient()
    // Before the attack: the other client can redeem codes of its own.
    await context.tokens({}, client)
    return tryAll({
      'a code that another client redeems': async () => context.redeem(await context.code(), { client }),
    })
  },
}
