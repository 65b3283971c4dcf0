import {
  allowInsecureLoopback,
  createApiFetch,
  createSessionClient,
  dpop,
  getUserInfo,
  isProofkeyError,
  sealedSessions,
} from '../../src/index.js'

declare const ISSUER: string
declare const API: string

// The globals are those of session-page.ts.
globalThis.events = []
globalThis.auth = createSessionClient({
  issuer: ISSUER,
  clientId: 'dpop-app',
  redirectUri: `${location.origin}/callback`,
  scope: 'openid profile',
  insecure: allowInsecureLoopback,
  sessionStore: sealedSessions(),
  apis: { [API]: {} },
  dpop: dpop(),
})
globalThis.apiFetch = createApiFetch(auth)
globalThis.userInfo = () => getUserInfo(auth)
auth.subscribe((event) => events.push(event))
globalThis.told = async (call) => {
  try {
    return await call()
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    return { code: error.code }
  }
}
