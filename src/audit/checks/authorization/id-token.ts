import { fromBase64url } from '../../../crypto/base64url.js'
import { Inconclusive } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import type { Changes } from '../../run/requests.js'

type Members = Readonly<Record<string, unknown>>

/** Whether the client's sign-ins ask for an ID token. */
export const asksForIdToken = ({ client }: AuditContext): boolean =>
  (client().scope ?? 'openid').split(' ').includes('openid')

export const NO_ID_TOKEN = 'The client does not ask for the scope openid, so there is no ID token.'

/** The parts of an ID token; its signature is not looked at. @throws Inconclusive if it cannot be read */
export function readIdToken(token: unknown): { header: Members; claims: Members } {
  if (typeof token !== 'string') throw new Inconclusive('The token response has no ID token.')
  const parts = token.split('.')
  if (parts.length === 5) throw new Inconclusive('The ID token is encrypted.')
  try {
    const [header, claims] = parts
      .slice(0, 2)
      .map((part) => JSON.parse(new TextDecoder().decode(fromBase64url(part))) as Members)
    if (header && claims) return { header, claims }
  } catch {
    // Reported below.
  }
  throw new Inconclusive('The ID token could not be read.')
}

/** The claims of the ID token of a new sign-in. */
export async function idTokenClaims(context: AuditContext, changes: Changes = {}): Promise<Members> {
  return readIdToken((await context.tokens(changes))['id_token']).claims
}
