/** Sign-in for server-side apps, with client authentication. Uses Web APIs only and imports no `node:` module. */
export type { SealingKey } from './crypto/keyring.js'
export { createSigningKey, type PublicMembers, type SigningKey } from './crypto/signing-key.js'
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
export type { EventBody, EventContext, Listener, ProofkeyEvent, Subscribe, SubscribeOptions } from './events.js'
export {
  type Fapi2Options,
  type Fapi2WithCertificate,
  type Fapi2WithDpop,
  fapi2,
  type WithFapi2,
} from './flow/fapi2.js'
export type { JsonValue, SignInResult, StartOptions } from './flow/flow.js'
export type { FlowConfig } from './flow/flow-config.js'
export type { AuthorizationParameters } from './protocol/authorize/begin.js'
export { type PushRequest, pushed } from './protocol/authorize/pushed-request.js'
export {
  type RichAuthorization,
  type RichAuthorizationOptions,
  richAuthorization,
} from './protocol/authorize/rich-authorization.js'
export type { PinnedServer } from './protocol/authorize/transaction.js'
export {
  type AssertionClientAuth,
  type CertificateClientAuth,
  type ClientAuth,
  none,
} from './protocol/client-auth/client-auth.js'
export {
  type ClientSecret,
  clientSecretBasic,
  clientSecretBasicWithoutEncoding,
  clientSecretJwt,
  clientSecretPost,
} from './protocol/client-auth/client-secret.js'
export {
  type PrivateKeyJwtOptions,
  privateKeyJwt,
  privateKeyJwtWithInjectableAudience,
  type SigningAlgorithm,
} from './protocol/client-auth/private-key-jwt.js'
export {
  selfSignedTlsClientAuth,
  type TlsClientAuthOptions,
  tlsClientAuth,
} from './protocol/client-auth/tls-client-auth.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/discovery/endpoint.js'
export type { ServerMetadata } from './protocol/discovery/metadata.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/jose/id-token-signature.js'
export type { IdTokenClaims, StandardClaims } from './protocol/jose/standard-claims.js'
export type { Profile } from './protocol/profile.js'
export type { Fetch, FetchedResponse, FetchLike, RequestOptions } from './protocol/request.js'
export type { LogoutToken } from './protocol/sign-out/logout-token.js'
export type { Grant, Tokens } from './protocol/token/complete.js'
export { createDpop, type Dpop } from './protocol/token/dpop.js'
export type { ExchangeRequest } from './protocol/token/exchange-at.js'
export type { TokenTarget } from './protocol/token/grant-request.js'
export type { AuthorizationDetail } from './protocol/token/granted-details.js'
export type { RefreshOptions } from './protocol/token/refresh.js'
export {
  type ExchangedAccessToken,
  type ExchangedSecurityToken,
  type ExchangedToken,
  TOKEN_TYPES,
  type TokenExchangeRequest,
  type TokenTypeIdentifier,
} from './protocol/token/token-exchange.js'
export type { OnLogout } from './server/back-channel-logout.js'
export { createServerClient } from './server/create-server-client.js'
export type { ForwardedHeaders } from './server/edge/forwarded.js'
export { isSameOriginRequest } from './server/edge/start-guard.js'
export type { ServerClient, ServerSignInResult } from './server/server-client.js'
export type { ServerClientConfig } from './server/server-client-config.js'
export type { SignedOut, SignOutOptions } from './server/server-sign-out.js'
export { createServiceClient, type ServiceClient } from './server/service/create-service-client.js'
export type { ServiceClientConfig } from './server/service/service-config.js'
export type { ServiceTokenOptions } from './server/service/service-tokens.js'
export { createServerSessionClient } from './server/session/create-server-session-client.js'
export type { ForwardTarget } from './server/session/forward-target.js'
export { type MemoryServerSessionsOptions, memoryServerSessions } from './server/session/memory-server-sessions.js'
export { type RedisSessionsOptions, redisSessions } from './server/session/redis-sessions.js'
export { type SealedCookieSessionsOptions, sealedCookieSessions } from './server/session/sealed-cookie-sessions.js'
export type { ServerSessionClient, ServerSessionResult } from './server/session/server-session-client.js'
export type { ServerSessionClientConfig } from './server/session/server-session-config.js'
export type {
  EndedSessions,
  RecordLifetime,
  ServerSessionRecord,
  ServerSessionStore,
} from './server/session/server-session-store.js'
export type { Apis } from './session/apis.js'
export type { Limits } from './session/session-machine.js'
export type { AccessTokenOptions, Session } from './session/session-record.js'
export { stepUp } from './session/step-up.js'
export type { ChallengeCheck } from './session/token-fetch.js'
export type { GetAccessTokenOptions } from './session/token-source.js'
export { loadUserInfo, type UserInfoLoader } from './session/user-info.js'
export { type CookieJar, type RequestVault, sealedCookie } from './vault/cookie.js'
export { type MemoryVaultOptions, memoryVault } from './vault/memory.js'
export type { PageVault } from './vault/page-memory.js'
export { type RedisVaultOptions, redisVault } from './vault/redis.js'
export type { RedisClient } from './vault/redis-client.js'
export {
  type MemoryReplayCacheOptions,
  memoryReplayCache,
  type RedisReplayCacheOptions,
  type ReplayAttempt,
  type ReplayCache,
  redisReplayCache,
} from './vault/replay-cache.js'
export type { SessionStore, StoredText } from './vault/session-store.js'
export type { Taken, Vault } from './vault/vault.js'
