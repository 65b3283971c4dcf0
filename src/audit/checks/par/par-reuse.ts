import { type AuditCheck, warning } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { pushed, signInPushed, visitReaction } from '../../run/pushed-requests.js'
import { rfc } from '../../sources.js'

export const parReuse: AuditCheck = {
  id: 'par-reuse',
  title: 'A pushed request gives one code',
  severity: 'low',
  sources: [rfc(9126, '4'), rfc(9126, '7.3')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['pushed_authorization_request_endpoint'] },
  sends: 'A pushed request that is used for a sign-in, and then for another one.',
  why: 'The link of a finished sign-in stays in the history of the browser. If it works again, it starts a sign-in whose protection was meant for the first one.',
  repair: 'End a request_uri when it has given a code, and answer a further use with invalid_request_uri.',
  run: (context) =>
    tryAll(
      {
        'a pushed request for the second time': async () => {
          const push = await pushed(context)
          await signInPushed(context, push)
          // It has given its code: used a third time, it is refused for the same reason.
          return visitReaction(context, push.request, push.url, push.url)
        },
      },
      { accepted: 'It accepted', result: warning },
    ),
}
