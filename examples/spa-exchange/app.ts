import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
// In an app of yours: from 'proofkey/server'.
import {
  allowInsecureLoopback,
  clientSecretPost,
  createServerClient,
  type Grant,
  memoryVault,
} from '../../src/server.js'
import type { Surroundings } from '../lib/example.js'
import { listener } from '../lib/listener.js'

interface Files {
  readonly html: string
  readonly script: string
}

/**
 * The server of a browser app. The browser keeps the sealed verifier and does the sign-in; this adds the client's
 * secret to the exchange, keeps the tokens, and gives the browser the claims and a session's cookie.
 */
export function createApp({
  issuer,
  url,
  clientSecret,
  html,
  script,
}: Surroundings & Files & { readonly clientSecret: string }): RequestListener {
  const auth = createServerClient({
    issuer,
    clientId: 'spa-app',
    redirectUri: `${url}/callback`,
    clientAuth: clientSecretPost(clientSecret),
    // Sign-ins wait in the browser; nothing is kept here.
    vault: memoryVault({ maxRecords: 10_000 }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  /** By the session's id. */
  const grants = new Map<string, Grant>()
  // Strict is enough: only the page's own requests need it.
  const cookie = (id: string, more = '') => `__Host-session=${id}; Path=/; HttpOnly; Secure; SameSite=Strict${more}`
  const sessionId = ({ headers }: Request) => /(?:^|; )__Host-session=([^;]+)/.exec(headers.get('cookie') ?? '')?.[1]

  const page = () =>
    new Response(html, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' ${issuer}`,
        'referrer-policy': 'no-referrer',
      },
    })

  async function me(request: Request): Promise<Response> {
    const grant = grants.get(sessionId(request) ?? '')
    if (!grant) return new Response(null, { status: 401 })
    // The access token is used here, and only here.
    const authorization = `Bearer ${grant.tokens.accessToken}`
    return Response.json(await (await fetch(`${issuer}/me`, { headers: { authorization } })).json())
  }

  function logout(request: Request): Response {
    grants.delete(sessionId(request) ?? '')
    return new Response(null, { status: 204, headers: { 'set-cookie': cookie('', '; Max-Age=0') } })
  }

  const exchange = (request: Request) =>
    auth.handleExchange(request, (grant) => {
      const id = randomUUID()
      grants.set(id, grant)
      return Response.json({ claims: grant.claims }, { headers: { 'set-cookie': cookie(id) } })
    })

  return listener({
    'GET /': page,
    'GET /callback': page,
    'GET /main.js': () => new Response(script, { headers: { 'content-type': 'text/javascript' } }),
    'GET /api/me': me,
    'POST /auth/exchange': exchange,
    'POST /logout': logout,
  })
}
