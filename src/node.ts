/** What only Node can do. */

export { type DeviceSignInOptions, signInOnDevice } from './client/sign-in-on-device.js'
export { type ErrorCode, type ErrorDetails, isProofkeyError, ProofkeyError, type ServerError } from './errors.js'
export { appendHeaders, sendResponse, type ToRequestOptions, toRequest } from './node/http.js'
export { type MutualTls, type MutualTlsOptions, mutualTls } from './node/mutual-tls.js'
export type { DevicePrompt } from './protocol/device.js'
export { type LoopbackOptions, loopback } from './user-agents/loopback.js'
