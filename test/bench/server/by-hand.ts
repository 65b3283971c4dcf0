import { getIronSession, type SessionOptions } from 'iron-session'
import * as oidc from 'openid-client'
import type { Create } from './contract.js'

interface Pending {
  codeVerifier?: string
  state?: string
  nonce?: string
}

const sessions: SessionOptions = {
  password: 'a password of at least thirty-two characters',
  cookieName: '__Host-sign-in',
  ttl: 600,
  cookieOptions: { path: '/', httpOnly: true, secure: true, sameSite: 'lax' },
}

/**
 * What a careful developer writes with openid-client and iron-session: PKCE, state and nonce sealed in one cookie, which
 * is deleted on use, whatever comes of it.
 */
export const create: Create = ({ metadata, clientId, clientSecret, redirectUri, scope, fetch }) => {
  const server = { ...metadata } as oidc.ServerMetadata
  const config = new oidc.Configuration(server, clientId, undefined, oidc.ClientSecretBasic(clientSecret))
  config[oidc.customFetch] = fetch as oidc.CustomFetch

  return {
    async signIn(request) {
      const codeVerifier = oidc.randomPKCECodeVerifier()
      const state = oidc.randomState()
      const nonce = oidc.randomNonce()
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      })
      const headers = { location: url.href, 'cache-control': 'no-store' }
      const response = new Response(null, { status: 303, headers })
      const session = await getIronSession<Pending>(request, response, sessions)
      Object.assign(session, { codeVerifier, state, nonce })
      await session.save()
      return response
    },

    async handleCallback(request) {
      const response = new Response(null, { headers: { 'cache-control': 'no-store' } })
      const session = await getIronSession<Pending>(request, response, sessions)
      const { codeVerifier, state, nonce } = session
      session.destroy()
      if (!codeVerifier || !state || !nonce) throw new Error('No sign-in waits for this callback')
      const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url), {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      return { subject: tokens.claims()?.sub, headers: response.headers }
    },
  }
}
