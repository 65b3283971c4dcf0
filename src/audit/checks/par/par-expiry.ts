import { type AuditCheck, fail, inconclusive } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { pushed, signInPushed, visitReaction } from '../../run/pushed-requests.js'
import { fapi2, rfc } from '../../sources.js'

/** The audit waits no longer than FAPI 2.0 allows a pushed request to live. */
const LONGEST = 600

export const parExpiry: AuditCheck = {
  id: 'par-expiry',
  title: 'A pushed request expires when the server says, in less than 10 minutes',
  severity: 'medium',
  sources: [rfc(9126, '2.2'), rfc(9126, '4'), fapi2('5.3.2.2')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, slow: true, metadata: ['pushed_authorization_request_endpoint'] },
  sends: 'A pushed request that is used some seconds after its expires_in.',
  why: 'A request that was prepared for a sign-in now should not start one next week. The longer it lives, the easier it is to get somebody else to use it.',
  repair: 'Give pushed requests an expires_in of 5 to 600 seconds, and answer a later use with invalid_request_uri.',
  async run(context) {
    const push = await pushed(context)
    const twin = await pushed(context)
    const seconds = push.response.json?.['expires_in']
    if (typeof seconds !== 'number' || !(seconds > 0))
      return inconclusive('The answer to a pushed request does not say when it expires.')
    if (seconds >= LONGEST) return fail(`A pushed request is valid for ${seconds} seconds; the limit is ${LONGEST}.`)
    await context.sleep(seconds + 10)
    return tryAll(
      {
        [`a pushed request ${seconds + 10} seconds old`]: () =>
          visitReaction(context, push.request, push.url, twin.url),
      },
      { accepted: 'It accepted', control: async () => signInPushed(context, await pushed(context)) },
    )
  },
}
