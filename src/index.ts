/** Sign-in and sessions for browser apps: authorization code flow with PKCE; the code verifier is stored encrypted. */

export type { RefusalCheck } from './client/backend/backend-fetch.js'
export type {
  BackendSessionClient,
  BackendSessionClientConfig,
  BackendSignInOptions,
} from './client/backend/backend-session-config.js'
export { backendStepUp } from './client/backend/backend-step-up.js'
export { createBackendSessionClient } from './client/backend/create-backend-session-client.js'
export type { ClientConfig, ConfigFor, ExchangeClientConfig, GrantOf } from './client/client-config.js'
export { type CallbackOptions, type Client, createClient, type SignInOptions } from './client/create-client.js'
export { createSessionClient, type SessionClient, type SessionClientConfig } from './client/create-session-client.js'
export { dpop } from './client/dpop.js'
export { type Instance, type InstanceOptions, registerInstance } from './client/register-instance.js'
export type { PageStartOptions, Started } from './client/start.js'
export { warnOnMistakes } from './client/warn-on-mistakes.js'
export {
  type CheckedClaim,
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  revealServerError,
  type ServerError,
  type SignInRequirements,
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
export { sealedRegistrations } from './flow/sealed-registrations.js'
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
export { type ClientSecret, exposedClientSecret } from './protocol/client-auth/client-secret.js'
export type { RegistrationOptions } from './protocol/client-auth/register.js'
export type { ClientRegistration, ClientRegistrations } from './protocol/client-auth/registrations.js'
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
export type { Challenge } from './protocol/resource/challenge.js'
export type { UserInfo } from './protocol/resource/user-info.js'
export type { Grant, Tokens, TokenType } from './protocol/token/complete.js'
export type { Dpop } from './protocol/token/dpop.js'
export { type Exchange, type ExchangedGrant, exchangeAt } from './protocol/token/exchange-at.js'
export type { AuthorizationDetail } from './protocol/token/granted-details.js'
export { createApiFetch } from './session/api-fetch.js'
export type { Apis } from './session/apis.js'
export type { Limits } from './session/session-machine.js'
export type { SessionOwner } from './session/session-parts.js'
export type { AccessToken, AccessTokenOptions, Session, SignInOrigin, TokenFacts } from './session/session-record.js'
export type { SignOutConfig, SignOutOptions } from './session/session-sign-out.js'
export type { SessionEnd } from './session/session-state.js'
export { stepUp } from './session/step-up.js'
export type { ChallengeCheck } from './session/token-fetch.js'
export type { GetAccessTokenOptions } from './session/token-source.js'
export { getUserInfo, loadUserInfo, type UserInfoLoader } from './session/user-info.js'
export { allowEmbeddedWebView, type EmbeddedOptions, type EmbeddedSwitch } from './user-agents/embedded.js'
export { type FrameOptions, type FramePermission, frame } from './user-agents/frame.js'
export { type PopupOptions, popup } from './user-agents/popup.js'
export { type RedirectOptions, redirect } from './user-agents/redirect.js'
export { relayCallback } from './user-agents/relay.js'
export type {
  AuthorizationRequestUrl,
  SignInAttempt,
  SignInOverrides,
  SilentUserAgent,
  UserAgent,
} from './user-agents/user-agent.js'
export { indexedDbVault } from './vault/indexeddb.js'
export { type MemoryVaultOptions, memoryVault } from './vault/memory.js'
export type { PageVault } from './vault/page-memory.js'
export { sealedSessions } from './vault/sealed-sessions.js'
export { memorySessions, type SessionStore, type StoredText } from './vault/session-store.js'
export type { Taken, Vault } from './vault/vault.js'
