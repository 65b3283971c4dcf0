import { randomToken } from '../../crypto/random.js'
import type { ClientAuth } from '../../protocol/client-auth/client-auth.js'
import { parseJwt } from '../../protocol/jose/jws.js'
import { Inconclusive, notApplicable, type Verdict } from '../check.js'
import { type Attacks, tryAll } from './attempts.js'
import type { AuditContext } from './context.js'
import { createJwt, type Sign, signWithJwk } from './jwt.js'
import { describeResponse, hasTokens } from './outcomes.js'

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How an assertion differs from the client's own. */
export interface AssertionChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly sign?: Sign
}

/** Makes client authentications out of the client's own one. */
export type Assert = (changes?: AssertionChanges) => Promise<ClientAuth>

/**
 * Tries what can be wrong with a client assertion (RFC 7523), after one without a change has been accepted. Not applicable to
 * clients that authenticate in another way.
 */
export async function tryAssertions(
  context: AuditContext,
  attacks: (assert: Assert, own: { readonly header: object; readonly claims: object }) => Promise<Attacks> | Attacks,
  options: Parameters<typeof tryAll>[1] = {},
): Promise<Verdict> {
  const client = context.client()
  if (client.clientAuth?.method !== 'private_key_jwt')
    return notApplicable('The client does not authenticate with private_key_jwt.')
  if (!client.key) throw new Inconclusive('The private key of the client was not given to the audit.')
  const { body } = await context.authenticated('token_endpoint', {}, client)
  const own = parseJwt(body.get('client_assertion') ?? '')
  if (!own) throw new Inconclusive('The assertion of the client could not be read.')
  const ownSign = await signWithJwk(client.key, own.header.alg)

  const assert: Assert = async ({ header, claims, sign = ownSign } = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const assertion = await createJwt(
      { ...own.header, ...header },
      { ...own.claims, iat: now, nbf: now, exp: now + 60, jti: randomToken(), ...claims },
      sign,
    )
    context.hide(assertion, 'client_assertion')
    return fixedAssertion(assertion)
  }

  const control = await context.redeem(await context.code(), { clientAuth: await assert() })
  if (!hasTokens(control))
    throw new Inconclusive(`An honest assertion of the audit is refused (${describeResponse(control)}).`)
  return tryAll(await attacks(assert, own), {
    accepted: 'It accepted',
    control: () => context.tokens(),
    ...options,
  })
}

/** Sends this assertion. */
export const fixedAssertion = (assertion: string): ClientAuth => ({
  method: 'private_key_jwt',
  async authenticate(_server, client, body) {
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', TYPE)
    body.set('client_assertion', assertion)
  },
})

/** An honest redemption with this client authentication. */
export const redeemWith = async (context: AuditContext, clientAuth: ClientAuth | Promise<ClientAuth>) =>
  context.redeem(await context.code(), { clientAuth: await clientAuth })
