/** The protocol functions without storage, for apps that store the state of a sign-in themselves. Needs only `fetch` and `crypto`. */
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
export { memoryRegistrations } from './flow/memory-registrations.js'
export {
  type AuthorizationParameters,
  type AuthorizationRequest,
  beginAuthorization,
  type ResponseMode,
} from './protocol/authorize/begin.js'
export { type PushRequest, pushed } from './protocol/authorize/pushed-request.js'
export {
  type RichAuthorization,
  type RichAuthorizationOptions,
  richAuthorization,
} from './protocol/authorize/rich-authorization.js'
export type { PinnedServer, Transaction } from './protocol/authorize/transaction.js'
export {
  type AssertionClientAuth,
  type CertificateClientAuth,
  type ClientAuth,
  checkClientAuth,
  none,
} from './protocol/client-auth/client-auth.js'
export {
  type ClientSecret,
  clientSecretBasic,
  clientSecretBasicWithoutEncoding,
  clientSecretJwt,
  clientSecretPost,
  exposedClientSecret,
} from './protocol/client-auth/client-secret.js'
export {
  type ClientIdentity,
  type ClientIdentityOptions,
  identifyClient,
  type PreregisteredClient,
} from './protocol/client-auth/identify-client.js'
export {
  type ClientMetadataDocument,
  type ClientMetadataOptions,
  clientMetadataDocument,
  clientMetadataProblems,
  clientMetadataResponse,
} from './protocol/client-auth/metadata-document.js'
export {
  type PrivateJwk,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
  privateKeyJwtWithInjectableAudience,
  type SigningAlgorithm,
} from './protocol/client-auth/private-key-jwt.js'
export { type ClientMetadata, type RegistrationOptions, registerClient } from './protocol/client-auth/register.js'
export type { DynamicRegistration } from './protocol/client-auth/registered-client.js'
export type { ClientRegistration, ClientRegistrations } from './protocol/client-auth/registrations.js'
export {
  selfSignedTlsClientAuth,
  type TlsClientAuthOptions,
  tlsClientAuth,
} from './protocol/client-auth/tls-client-auth.js'
export { checkCapabilities, type Needs, requirePkceListed } from './protocol/discovery/capabilities.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/discovery/endpoint.js'
export {
  type CheckedMetadata,
  checkMetadata,
  type DiscoveryOptions,
  discover,
  type ServerMetadata,
} from './protocol/discovery/metadata.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/jose/id-token-signature.js'
export type { JwsHeader, Jwt, PublicJwk } from './protocol/jose/jws.js'
export { createKeySource, type KeySource, loadKeys } from './protocol/jose/key-source.js'
export type { IdTokenClaims, StandardClaims } from './protocol/jose/standard-claims.js'
export type { Fetch, FetchedResponse, FetchLike, RequestOptions } from './protocol/request.js'
export {
  acceptResourceOfWholeOrigin,
  type DiscoveredResource,
  discoverResource,
  type OriginResourceSwitch,
  type ResourceDiscoveryOptions,
  resourceParameter,
} from './protocol/resource/discover-resource.js'
export { discoverServerOf, type ResourceServerOptions } from './protocol/resource/discover-server.js'
export { checkReach } from './protocol/resource/reach.js'
export { type EndSessionRequest, endSessionUrl } from './protocol/sign-out/end-session.js'
export { type LogoutToken, type LogoutTokenOptions, validateLogoutToken } from './protocol/sign-out/logout-token.js'
export {
  type ClientAccessToken,
  type ClientCredentialsOptions,
  clientCredentialsGrant,
} from './protocol/token/client-credentials.js'
export {
  type CompleteOptions,
  completeAuthorization,
  type Grant,
  type Tokens,
  type TokenType,
} from './protocol/token/complete.js'
export { createDpop, type Dpop } from './protocol/token/dpop.js'
export type { TokenTarget } from './protocol/token/grant-request.js'
export type { AuthorizationDetail } from './protocol/token/granted-details.js'
export {
  type ExchangedAccessToken,
  type ExchangedSecurityToken,
  type ExchangedToken,
  exchangeToken,
  TOKEN_TYPES,
  type TokenExchangeOptions,
  type TokenExchangeRequest,
  type TokenTypeIdentifier,
} from './protocol/token/token-exchange.js'
