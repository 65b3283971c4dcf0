import type { AuditCheck } from '../../check.js'
import { tryAll } from '../../run/attempts.js'
import { describeResponse } from '../../run/outcomes.js'
import { pushed, pushReaction } from '../../run/pushed-requests.js'
import { rfc } from '../../sources.js'

export const parRequestUriInside: AuditCheck = {
  id: 'par-request-uri-inside',
  title: 'A pushed request with a request_uri in it is refused',
  severity: 'medium',
  sources: [rfc(9126, '2.1')],
  sets: ['fapi2'],
  needs: { client: 'any', signIn: true, metadata: ['pushed_authorization_request_endpoint'] },
  sends: 'Pushed requests that contain a request_uri: one of an earlier pushed request, and one of another server.',
  why: 'A request_uri tells the server to fetch the request from somewhere else. Inside a pushed request it could make the server call any address, or mix two requests.',
  repair: 'Refuse pushed requests that have a request_uri parameter with invalid_request.',
  run: (context) => {
    const attempt = async (requestUri: string) => {
      const response = await context.push(await context.authorizationRequest(), { body: { request_uri: requestUri } })
      return { outcome: pushReaction(response), detail: describeResponse(response) }
    }
    return tryAll(
      {
        'a pushed request inside another one': async () =>
          attempt(`${(await pushed(context)).response.json?.['request_uri']}`),
        'a request_uri of another server in a pushed request': () => attempt('https://attacker.example/request'),
      },
      { accepted: 'It accepted', control: () => pushed(context) },
    )
  },
}
