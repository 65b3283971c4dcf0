/** Everything that needs Node: adapters for its HTTP server, mutual TLS, loopback redirects, the device flow. */

export { type DeviceSignInOptions, signInOnDevice } from './client/sign-in-on-device.js'
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
export type { DevicePrompt } from './protocol/authorize/device.js'
export { type MutualTls, type MutualTlsOptions, mutualTls } from './protocol/client-auth/mutual-tls.js'
export type {
  Undecoded,
  UndecodedInit,
  UndecodedResponse,
  UndiciDispatcher,
} from './protocol/undici-exchange.js'
export { type UndiciFetch, type UndiciFetchOptions, undiciFetch } from './protocol/undici-fetch.js'
export { appendHeaders, sendResponse, type ToRequestOptions, toRequest } from './server/edge/node-http.js'
export { type LoopbackOptions, loopback } from './user-agents/loopback.js'
