import { type AuditCheck, fail, notApplicable, pass, warning } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'
import { ask } from '../answer.js'
import { tryVariants } from '../variants.js'

export const issInResponses: AuditCheck = {
  id: 'iss-in-responses',
  title: 'Each authorization response names its issuer',
  severity: 'medium',
  sources: [rfc(9207, '2'), rfc(9207, '2.3'), rfc(9700, '4.4.2'), fapi2('5.3.2.2')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'any', signIn: true },
  sends: 'Authorization requests; one that succeeds and one that fails.',
  why: 'An app that works with several servers must know which one answered. Without this name, a dishonest server can make the app hand it another server’s code.',
  repair: 'Send iss with the issuer, exactly as in the metadata, with codes and with errors (RFC 9207).',
  async run(context) {
    const issuer = context.metadata['issuer']
    const promised = context.metadata['authorization_response_iss_parameter_supported'] === true
    const judge = (sent: readonly string[]) => {
      if (sent.length === 1 && sent[0] === issuer) return pass('it is right.')
      if (sent.length) return fail(`iss is ${sent.join(' and ')}, not ${issuer}.`)
      return promised ? fail('iss is missing, though the metadata promises it.') : warning('iss is missing.')
    }
    return tryVariants({
      'With a code': async () => judge((await context.code()).parameters.getAll('iss')),
      'With an error': async () => {
        const { to, parameters } = await ask(context, { prompt: 'none' })
        return to ? judge(parameters.getAll('iss')) : notApplicable('no error was sent without a browser.')
      },
    })
  },
}
