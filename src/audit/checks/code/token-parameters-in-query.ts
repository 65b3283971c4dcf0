import type { AuditCheck } from '../../check.js'
import { reactionOf, tryAll } from '../../run/attempts.js'
import type { AuditContext } from '../../run/context.js'
import { redemption } from '../../run/redemption.js'
import { rfc } from '../../sources.js'

export const tokenParametersInQuery: AuditCheck = {
  id: 'token-parameters-in-query',
  title: 'The token endpoint reads no parameters from the URL',
  severity: 'low',
  sources: [rfc(6749, '3.2'), rfc(6749, '4.1.3')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'Honest token requests with the code, and with the verifier, in the URL instead of the body.',
  why: 'URLs end up in logs and at proxies. Where parameters in the URL work, some app will use them and write codes and verifiers there.',
  repair: 'Read the parameters of the token endpoint from the body of the request only.',
  run: (context) =>
    tryAll({
      'a verifier in the URL': () => attempt(context, ['code_verifier']),
      'a code in the URL': () => attempt(context, ['code']),
      'all parameters in the URL': () => attempt(context, ['grant_type', 'code', 'redirect_uri', 'code_verifier']),
    }),
}

async function attempt(context: AuditContext, names: readonly string[]) {
  const { url, body, headers, fetch } = await redemption(context, await context.code())
  const at = new URL(url)
  for (const name of names) {
    at.searchParams.append(name, body.get(name) ?? '')
    body.delete(name)
  }
  const response = await context.send({ url: at.href, body, headers, fetch })
  context.obtained(response)
  return reactionOf(response)
}
