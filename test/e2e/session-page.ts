import {
  allowInsecureLoopback,
  createApiFetch,
  createSessionClient,
  getUserInfo,
  isProofkeyError,
  type ProofkeyError,
  type SessionClient,
  sealedSessions,
  stepUp,
  type UserInfo,
} from '../../src/index.js'

declare const ISSUER: string
declare const API: string

declare global {
  var auth: SessionClient
  var apiFetch: typeof fetch
  var userInfo: () => Promise<UserInfo>
  var events: { type: string; reason?: string }[]
  /** The last refusal, whole, so that a test can call its `signIn`. */
  var refusal: ProofkeyError | undefined
  /** Runs a call and says how it ended, in a form that crosses from the page to the test. */
  function told(call: () => Promise<unknown>): Promise<unknown>
}

globalThis.events = []
globalThis.auth = createSessionClient({
  issuer: ISSUER,
  clientId: 'session-app',
  redirectUri: `${location.origin}/callback`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid profile',
  insecure: allowInsecureLoopback,
  sessionStore: sealedSessions(),
  apis: { [API]: {} },
  stepUp,
})
globalThis.apiFetch = createApiFetch(auth)
globalThis.userInfo = () => getUserInfo(auth)
auth.subscribe((event) => events.push(event))
globalThis.told = async (call) => {
  try {
    return await call()
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    globalThis.refusal = error
    return { code: error.code, requirements: error.requirements }
  }
}
