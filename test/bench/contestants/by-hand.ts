import * as oauth from 'oauth4webapi'
import type { Create } from './contract.js'

/**
 * What a careful developer writes with oauth4webapi: PKCE, state and nonce; one entry in sessionStorage for each
 * sign-in, taken once; the URL cleaned before anything else. Like the library's own examples it asks for the metadata
 * again on the callback page.
 */
export const create: Create = ({ issuer, clientId, redirectUri, scope }) => {
  const client: oauth.Client = { client_id: clientId }
  const loopback = { [oauth.allowInsecureRequests]: true }
  let metadata: Promise<oauth.AuthorizationServer> | undefined

  function discover(): Promise<oauth.AuthorizationServer> {
    metadata ??= oauth
      .discoveryRequest(new URL(issuer), loopback)
      .then((response) => oauth.processDiscoveryResponse(new URL(issuer), response))
    metadata.catch(() => {
      metadata = undefined
    })
    return metadata
  }

  return {
    preload: discover,

    async signIn() {
      const server = await discover()
      if (!server.authorization_endpoint) throw new Error('The metadata names no authorization endpoint')
      const codeVerifier = oauth.generateRandomCodeVerifier()
      const state = oauth.generateRandomState()
      const nonce = oauth.generateRandomNonce()
      sessionStorage.setItem(`sign-in ${state}`, JSON.stringify({ codeVerifier, nonce }))
      const url = new URL(server.authorization_endpoint)
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }).toString()
      location.assign(url)
    },

    async handleCallback() {
      const url = new URL(location.href)
      history.replaceState(history.state, '', url.pathname)
      const state = url.searchParams.get('state') ?? ''
      const kept = sessionStorage.getItem(`sign-in ${state}`)
      sessionStorage.removeItem(`sign-in ${state}`)
      if (!kept) throw new Error('No sign-in waits for this callback')
      const { codeVerifier, nonce } = JSON.parse(kept)
      const server = await discover()
      const parameters = oauth.validateAuthResponse(server, client, url, state)
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.None(),
        parameters,
        redirectUri,
        codeVerifier,
        loopback,
      )
      const expected = { expectedNonce: nonce, requireIdToken: true }
      const result = await oauth.processAuthorizationCodeResponse(server, client, response, expected)
      return { accessToken: result.access_token, subject: oauth.getValidatedIdTokenClaims(result)?.sub }
    },
  }
}
