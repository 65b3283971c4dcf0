import type { RequestListener } from 'node:http'
// In an app of yours: from 'proofkey/server'.
import { allowInsecureLoopback, clientSecretPost, createServerClient, memoryVault } from '../../src/server.js'
import type { PageFiles } from '../lib/bundle.js'
import type { Surroundings } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import { createSessions } from './sessions.js'

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
}: Surroundings & PageFiles & { readonly clientSecret: string }): RequestListener {
  const auth = createServerClient({
    issuer,
    clientId: 'spa-app',
    redirectUri: `${url}/callback`,
    clientAuth: clientSecretPost(clientSecret),
    // Sign-ins wait in the browser; here only sign-outs do.
    vault: memoryVault({ maxRecords: 10_000 }),
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  /** The tokens stay here. */
  const sessions = createSessions<{ readonly accessToken: string }>()

  const page = () =>
    new Response(html, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' ${issuer}`,
        'cache-control': 'no-store',
        // Not the code in the URL; yet the form's own origin is sent.
        'referrer-policy': 'strict-origin',
      },
    })

  /** Redeems the code with the client's secret, and starts the session. A page of another origin gets a refusal. */
  const exchange = (request: Request) =>
    auth.handleExchange(request, (grant) => {
      const headers = new Headers()
      sessions.start(request, grant, headers, { accessToken: grant.tokens.accessToken })
      return Response.json({ claims: grant.claims }, { headers })
    })

  async function me(request: Request): Promise<Response> {
    const session = sessions.find(request)
    if (!session) return new Response(null, { status: 401 })
    // The access token is used here, and only here.
    const authorization = `Bearer ${session.accessToken}`
    const answer = await fetch(`${issuer}/me`, { headers: { authorization } })
    // The token is over: so is what the page can do, until the person signs in again.
    if (!answer.ok) return new Response(null, { status: 401 })
    return Response.json(await answer.json(), { headers: { 'cache-control': 'no-store' } })
  }

  async function logout(request: Request): Promise<Response> {
    const idTokenHint = sessions.find(request)?.idToken
    const response = await auth.signOut(request, { idTokenHint, postLogoutRedirectUri: `${url}/signed-out` })
    // Another site's doing: nobody is signed out.
    if (response.status === 403) return response
    sessions.end(request, response.headers)
    return response
  }

  async function signedOut(request: Request): Promise<Response> {
    const { returnTo, headers } = await auth.handleSignedOut(request)
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  }

  return listener({
    'GET /': page,
    'GET /callback': page,
    'GET /main.js': () => new Response(script, { headers: { 'content-type': 'text/javascript' } }),
    'GET /api/me': me,
    'POST /auth/exchange': exchange,
    'POST /logout': logout,
    'GET /signed-out': signedOut,
    // The provider says that a session has ended there.
    'POST /backchannel-logout': (request) => auth.handleBackChannelLogout(request, sessions.endAll),
  })
}
