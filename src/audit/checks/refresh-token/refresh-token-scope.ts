import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { isRefusal } from '../../run/attempts.js'
import type { AuditContext } from '../../run/context.js'
import { codeOf, describeResponse, hasTokens } from '../../run/outcomes.js'
import { tokensWithRefresh } from '../../run/token-state.js'
import { rfc } from '../../sources.js'

const words = (scope: unknown) => (typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [])

export const refreshTokenScope: AuditCheck = {
  id: 'refresh-token-scope',
  title: 'A refresh gives no more scope than the person agreed to',
  severity: 'high',
  sources: [rfc(6749, '6')],
  sets: ['rfc9700'],
  needs: { client: 'any', signIn: true },
  sends: 'A refresh that asks for a scope which the sign-in did not ask for.',
  why: 'The person agreed to what the app asked for at the sign-in. If an app can ask for more later without asking the person, the agreement means nothing.',
  repair: 'Compare the scope of a refresh with that of the sign-in, and refuse what is not in it with invalid_scope.',
  async run(context) {
    const asked = words(context.client().scope ?? 'openid')
    const tokens = await tokensWithRefresh(context)
    const more = await scopeToAdd(context, [...asked, ...words(tokens['scope'])])
    if (!more) return inconclusive('There is no scope that this client could ask for beyond what its sign-ins get.')
    const response = await context.refresh(tokens.refresh_token, { body: { scope: `${asked.join(' ')} ${more}` } })
    if (!hasTokens(response))
      return isRefusal(response)
        ? pass(`It refused a refresh with the scope ${more} added (${describeResponse(response)}).`)
        : inconclusive(`It neither gave tokens nor refused (${describeResponse(response)}).`)
    const given = response.json['scope']
    if (given === undefined)
      return inconclusive(
        `It gave tokens for a refresh with the scope ${more} added, and does not say with which scope.`,
      )
    return words(given).includes(more)
      ? fail(`It gave tokens with the scope ${more}, which the sign-in did not ask for.`)
      : pass(`It gave tokens without the scope ${more}.`)
  },
}

/** Without consequences, and usual. */
const HARMLESS = ['profile', 'email', 'address', 'phone']
const MOST = 3

/** A scope that the client may have and has not got: a refusal must not come from the client's registration. */
async function scopeToAdd(context: AuditContext, granted: readonly string[]): Promise<string | undefined> {
  const supported = context.metadata['scopes_supported']
  const listed = HARMLESS.filter((scope) => !Array.isArray(supported) || supported.includes(scope))
  for (const scope of listed.filter((name) => !granted.includes(name)).slice(0, MOST)) {
    const wanted = `${context.client().scope ?? 'openid'} ${scope}`
    const request = await context.authorizationRequest({ scope: wanted })
    const code = codeOf(await context.authorize(request), request)
    const response = code && (await context.redeem(code))
    // Without a scope in the response, all that was asked for was given (RFC 6749 §5.1).
    if (response && hasTokens(response) && words(response.json['scope'] ?? wanted).includes(scope)) return scope
  }
  return undefined
}
