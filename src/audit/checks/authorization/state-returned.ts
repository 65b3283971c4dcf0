import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, fail, inconclusive, notApplicable, pass } from '../../check.js'
import { codeOf, describe } from '../../run/outcomes.js'
import { rfc } from '../../sources.js'
import { ask } from '../answer.js'
import { tryVariants } from '../variants.js'

/** Printable ASCII that is easily lost or changed on the way (RFC 6749 appendix A.5). */
const HOSTILE = ' +%20&a=b#c?d/e\\f"g\'h;i:j@k{l}|~'

export const stateReturned: AuditCheck = {
  id: 'state-returned',
  title: 'state comes back byte for byte',
  severity: 'medium',
  sources: [rfc(6749, '4.1.2'), rfc(6749, '4.1.2.1'), rfc(9700, '4.7.1')],
  sets: ['rfc9700'],
  needs: { client: 'any', signIn: true },
  sends: 'Authorization requests whose state has all sorts of characters; one that succeeds and one that fails.',
  why: 'By this value an app knows that an answer belongs to a sign-in that it began. Where it is lost or changed, apps must leave the comparison out, and an attacker can sign people in to an account of the attacker’s.',
  repair: 'Give state back as it came, percent-encoded once, with codes and with errors.',
  async run(context) {
    const state = `${randomToken().slice(0, 8)}${HOSTILE}`
    const judge = (returned: readonly string[]) =>
      returned.length === 1 && returned[0] === state
        ? pass('it came back unchanged.')
        : fail(
            returned.length
              ? `it came back as ${returned.map((one) => JSON.stringify(one)).join(' and ')}.`
              : 'it did not come back.',
          )
    return tryVariants({
      'With a code': async () => {
        const request = await context.authorizationRequest({ state })
        const arrival = await context.authorize(request)
        return codeOf(arrival, request) && arrival.at === 'callback'
          ? judge(arrival.parameters.getAll('state'))
          : inconclusive(`a state with special characters gave no code: ${describe(arrival)}.`)
      },
      'With an error': async () => {
        const { to, parameters } = await ask(context, { state, prompt: 'none' })
        return to ? judge(parameters.getAll('state')) : notApplicable('no error was sent without a browser.')
      },
    })
  },
}
