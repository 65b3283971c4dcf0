/** Compiled without the DOM's types: every entry that runs on a server. */
import * as audit from 'proofkey/audit'
import * as mcp from 'proofkey/mcp'
import * as native from 'proofkey/native'
import * as node from 'proofkey/node'
import * as protocol from 'proofkey/protocol'
import * as providers from 'proofkey/providers'
import * as resourceServer from 'proofkey/resource-server'
import { createServerClient, isProofkeyError, privateKeyJwt, sealedCookie } from 'proofkey/server'

export const auth = createServerClient({
  ...{ issuer: 'https://as.example', clientId: 'app', redirectUri: 'https://app.example/cb' },
  clientAuth: privateKeyJwt('pem', { algorithm: 'ES256' }),
  vault: sealedCookie({ keys: [] }),
  fetch,
})
// @ts-expect-error a number is no key
privateKeyJwt(42)

export async function email(request: Request): Promise<string | undefined> {
  try {
    const { claims } = await auth.handleCallback(request)
    return claims?.email
  } catch (error) {
    // What an unknown type would be: any.
    // @ts-expect-error no code of these is a number
    if (isProofkeyError(error)) error.code.toFixed()
    return undefined
  }
}
export const entries = [audit, mcp, native, node, protocol, providers, resourceServer]
