import { randomUUID } from 'node:crypto'
import type { ServerMetadata } from '../../src/protocol.js'
import { createSigner, type Signer } from './signer.js'

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** One for all: RSA keys take their time. */
const shared = createSigner('RS256', 'k1')

/**
 * A server that signs logout tokens, honest but for what a test changes: `keys` may be replaced while it runs, and
 * `answer` stands in for its JWKS.
 */
export function createLogoutServer(metadata: Partial<ServerMetadata> = {}) {
  const issuer = 'https://as.example'
  const server = {
    issuer,
    /** The URLs it was asked for. */
    requests: [] as string[],
    keys: [shared.jwk] as unknown,
    answer: undefined as (() => Response | Promise<Response>) | undefined,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      end_session_endpoint: `${issuer}/logout`,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ['S256'],
      ...metadata,
    } as ServerMetadata,

    async fetch(input: RequestInfo | URL): Promise<Response> {
      server.requests.push(String(input))
      return server.answer ? server.answer() : Response.json({ keys: server.keys })
    },

    /** What an honest token claims, with these changed; `undefined` leaves one out. */
    claims(changed: object = {}): Record<string, unknown> {
      const now = Math.floor(Date.now() / 1000)
      const honest = { iss: issuer, aud: 'web', iat: now, exp: now + 120, jti: randomUUID(), sub: 'ada', sid: 's1' }
      return { ...honest, events: { [LOGOUT_EVENT]: {} }, ...changed }
    },

    token: (changed: object = {}, header: object = {}, signer: Signer = shared): string =>
      signer.sign(server.claims(changed), { typ: 'logout+jwt', ...header }),
  }
  return server
}
