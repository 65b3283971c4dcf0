/** Sign-in for browser apps: authorization code and PKCE, the verifier sealed at rest. */

export type { Apis, ChallengeCheck } from './client/api-fetch.js'
export type { ClientConfig, ExchangeClientConfig, WithDpop, WithoutDpop } from './client/config.js'
export { type CallbackOptions, type Client, createClient, type SignInOptions } from './client/create-client.js'
export { createSessionClient, type SessionClient, type SessionClientConfig } from './client/create-session-client.js'
export { dpop } from './client/dpop.js'
export { type Instance, type InstanceOptions, registerInstance } from './client/register-instance.js'
export type { Limits, Session, SessionEnd } from './client/session.js'
export type { SignOutConfig, SignOutOptions } from './client/sign-out.js'
export { stepUp } from './client/step-up.js'
export type { TokenWish } from './client/tokens.js'
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  ProofkeyError,
  type ServerError,
  type Wishes,
} from './errors.js'
export type { EventBody, EventContext, Listener, ProofkeyEvent } from './events.js'
export type { FlowConfig } from './flow/config.js'
export type { SignInResult, StartOptions } from './flow/flow.js'
export type { AuthorizationParameters } from './protocol/begin.js'
export type { Challenge } from './protocol/challenge.js'
export { type ClientAuth, none } from './protocol/client-auth.js'
export { exposedClientSecret } from './protocol/client-secret.js'
export type { Grant, IdTokenClaims, Tokens, TokenType } from './protocol/complete.js'
export type { Dpop } from './protocol/dpop.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/endpoint.js'
export { type Exchange, type ExchangedGrant, exchangeAt } from './protocol/exchange-at.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/id-token-signature.js'
export type { ServerMetadata } from './protocol/metadata.js'
export type { RegistrationOptions } from './protocol/register.js'
export type { RequestOptions } from './protocol/request.js'
export { selfSignedTlsClientAuth, type TlsClientAuthOptions, tlsClientAuth } from './protocol/tls-client-auth.js'
export type { PinnedServer } from './protocol/transaction.js'
export type { UserInfo } from './protocol/user-info.js'
export type { Journey, JourneyWishes, UserAgent } from './user-agents/contract.js'
export { allowEmbeddedWebView, type EmbeddedOptions, type EmbeddedSwitch } from './user-agents/embedded.js'
export { type FrameOptions, frame } from './user-agents/frame.js'
export { type PopupOptions, popup } from './user-agents/popup.js'
export { type RedirectOptions, redirect } from './user-agents/redirect.js'
export { relayCallback } from './user-agents/relay.js'
export type { Taken, Vault } from './vault/contract.js'
export { indexedDbVault } from './vault/indexeddb.js'
export { type MemoryVaultOptions, memoryVault } from './vault/memory.js'
export { sealedSessions } from './vault/sealed-sessions.js'
export { memorySessions, type SessionStore } from './vault/session-store.js'
