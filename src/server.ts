/** Sign-in for apps that render on the server: the same checks, with a client that proves itself. No `node:` import. */
export type { SealingKey } from './crypto/keyring.js'
export { type ErrorCode, type ErrorDetails, isProofkeyError, ProofkeyError, type ServerError } from './errors.js'
export type { EventBody, EventContext, Listener, ProofkeyEvent } from './events.js'
export type { FlowConfig } from './flow/config.js'
export type { SignInResult, StartOptions } from './flow/flow.js'
export type { AuthorizationParameters } from './protocol/begin.js'
export { type ClientAuth, none } from './protocol/client-auth.js'
export { clientSecretBasic, clientSecretJwt, clientSecretPost } from './protocol/client-secret.js'
export type { Grant, IdTokenClaims, Tokens } from './protocol/complete.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/endpoint.js'
export type { ExchangeRequest } from './protocol/exchange-at.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/id-token-signature.js'
export type { LogoutToken } from './protocol/logout-token.js'
export type { ServerMetadata } from './protocol/metadata.js'
export { type PrivateKeyJwtOptions, privateKeyJwt, type SigningAlgorithm } from './protocol/private-key-jwt.js'
export type { RefreshOptions } from './protocol/refresh.js'
export type { RequestOptions } from './protocol/request.js'
export { selfSignedTlsClientAuth, type TlsClientAuthOptions, tlsClientAuth } from './protocol/tls-client-auth.js'
export type { PinnedServer } from './protocol/transaction.js'
export type { OnLogout } from './server/back-channel-logout.js'
export {
  createServerClient,
  type ServerClient,
  type ServerClientConfig,
  type ServerSignInResult,
} from './server/create-server-client.js'
export type { ForwardedHeaders } from './server/landing.js'
export {
  type MemoryReplayCacheOptions,
  memoryReplayCache,
  type RedisReplayCacheOptions,
  type ReplayCache,
  redisReplayCache,
} from './server/replay-cache.js'
export type { SignedOut, SignOutOptions } from './server/sign-out.js'
export type { Taken, Vault } from './vault/contract.js'
export { type CookieJar, type RequestVault, sealedCookie } from './vault/cookie.js'
export { type MemoryVaultOptions, memoryVault } from './vault/memory.js'
export { type RedisClient, type RedisVaultOptions, redisVault } from './vault/redis.js'
