import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { type PushedRequest, pushed, signInPushed, visitReaction } from '../../run/pushed-requests.js'
import { rfc } from '../../sources.js'

export const parOfAnotherClient: AuditCheck = {
  id: 'par-of-another-client',
  title: 'A pushed request is only for the client that pushed it',
  severity: 'high',
  sources: [rfc(9126, '2.2'), rfc(9126, '4')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, otherClient: true, metadata: ['pushed_authorization_request_endpoint'] },
  sends: 'An authorization request with the client_id of another client and a request_uri that this client pushed.',
  why: 'A pushed request counts as one that the app itself has made. If another app can use it, what one app asked for is granted in the name of the other.',
  repair: 'Keep the client with the request_uri, and refuse the request if client_id is another one.',
  run: (context) =>
    tryAll(
      {
        'a pushed request of another client': async () => {
          const byOther = ({ request, response }: PushedRequest) =>
            context.pushedUrl(request, response, context.otherClient())
          const push = await pushed(context)
          return visitReaction(context, push.request, byOther(push) ?? push.url, byOther(await pushed(context)))
        },
      },
      { accepted: 'It accepted', control: async () => signInPushed(context, await pushed(context)) },
    ),
}
