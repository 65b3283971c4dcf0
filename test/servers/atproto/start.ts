import { JoseKey, OAuthProvider, oauthMiddleware } from '@atproto/oauth-provider'
import { listen } from '../../helpers/loopback.js'
import { type StartServer, USER } from '../running-server.js'
import { createStore } from './store.js'

const SCOPE = 'atproto transition:generic'
const API = '/@atproto/oauth-provider/~api'

/**
 * atproto's server: pushed requests and DPoP with nonces for everyone; the id of a client is the URL of its metadata, on
 * loopback without a document.
 */
export const start: StartServer = async ({ redirectUri = 'http://127.0.0.1/callback' } = {}) => {
  let handle: ReturnType<typeof oauthMiddleware> | undefined
  const { port, close } = await listen((incoming, outgoing) => void handle?.(incoming, outgoing))
  const issuer = `http://127.0.0.1:${port}`
  const provider = new OAuthProvider({
    issuer,
    keyset: [await JoseKey.generate(['ES256'], 'k1')],
    dpopSecret: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'),
    store: createStore('did:plc:z72i7hdynmk6r22z27h6tvur', 'did:web:127.0.0.1'),
    safeFetch: fetch,
  })
  handle = oauthMiddleware(provider)
  return {
    issuer,
    scope: SCOPE,
    requires: { par: true, dpop: true },
    redirectUri,
    clients: {
      none: { clientId: `http://localhost?${new URLSearchParams({ redirect_uri: redirectUri, scope: SCOPE })}` },
    },
    async signIn(visitor, url) {
      await visitor.follow(url, redirectUri)
      const referer = `${url}`
      // What its page sends.
      const post = async (path: string, body: object) => {
        const response = await visitor.visit(issuer + API + path, {
          method: 'POST',
          headers: {
            ...{ 'content-type': 'application/json', origin: issuer, referer, accept: 'application/json' },
            ...{ 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty' },
            'x-csrf-token': `${visitor.cookie('csrf-token')}`,
          },
          body: JSON.stringify(body),
        })
        if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
        return response.json()
      }
      const { account } = await post('/sign-in', {
        ...{ locale: 'en', username: USER.name, password: USER.password },
        remember: true,
      })
      const consent = await post('/consent', { sub: account.sub })
      return (await visitor.follow(consent.url, redirectUri, { headers: { referer } })).url
    },
    close,
  }
}
