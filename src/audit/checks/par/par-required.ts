import { type AuditCheck, notApplicable } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { visitReaction } from '../../run/pushed-requests.js'
import { asvs, fapi2, rfc } from '../../sources.js'

export const parRequired: AuditCheck = {
  id: 'par-required',
  title: 'Where pushed requests are required, others are refused',
  severity: 'high',
  sources: [rfc(9126, '5'), asvs('V10.4.13'), fapi2('5.3.2.2')],
  sets: ['asvs-l3', 'fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['require_pushed_authorization_requests'] },
  sends:
    'An honest authorization request with its parameters in the URL, at a server that says that it requires pushed ones.',
  why: 'Pushed requests keep the details of a sign-in out of the browser, where they can be read and changed. If the old way still works, an attacker just uses that.',
  repair:
    'Refuse authorization requests without a request_uri from the endpoint for pushed requests with invalid_request.',
  async run(context) {
    if (context.metadata['require_pushed_authorization_requests'] !== true)
      return notApplicable('The server does not require pushed requests.')
    const request = await context.authorizationRequest()
    return tryAll(
      { 'a request with its parameters in the URL': () => visitReaction(context, request, request.url) },
      { accepted: 'It accepted', control: () => context.code() },
    )
  },
}
