/** Sign-in for browser apps: authorization code and PKCE, the verifier sealed at rest. */
export type { ClientConfig } from './client/config.js'
export {
  type CallbackOptions,
  type Client,
  createClient,
  type SignInOptions,
  type SignInResult,
} from './client/create-client.js'
export { type ErrorCode, type ErrorDetails, isProofkeyError, ProofkeyError, type ServerError } from './errors.js'
export type { EventBody, EventContext, Listener, ProofkeyEvent } from './events.js'
export type { AuthorizationParameters } from './protocol/begin.js'
export { type ClientAuth, none } from './protocol/client-auth.js'
export type { Grant, IdTokenClaims, Tokens } from './protocol/complete.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/endpoint.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/id-token-signature.js'
export type { ServerMetadata } from './protocol/metadata.js'
export type { RequestOptions } from './protocol/request.js'
export type { PinnedServer } from './protocol/transaction.js'
export type { OpenOptions, UserAgent } from './user-agents/contract.js'
export { type RedirectOptions, redirect } from './user-agents/redirect.js'
export type { Taken, Vault } from './vault/contract.js'
export { indexedDbVault } from './vault/indexeddb.js'
export { memoryVault } from './vault/memory.js'
