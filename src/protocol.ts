/** The protocol functions without storage, for apps that store the state of a sign-in themselves. Needs only `fetch` and `crypto`. */
export { createSigningKey, type PublicMembers, type SigningKey } from './crypto/signing-key.js'
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
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
  type PrivateJwk,
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
export { checkCapabilities, type Needs } from './protocol/discovery/capabilities.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/discovery/endpoint.js'
export { type CheckedMetadata, checkMetadata, discover, type ServerMetadata } from './protocol/discovery/metadata.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/jose/id-token-signature.js'
export type { JwsHeader, Jwt, PublicJwk } from './protocol/jose/jws.js'
export { createKeySource, type KeySource, loadKeys } from './protocol/jose/key-source.js'
export type { Fetch, FetchedResponse, FetchLike, RequestOptions } from './protocol/request.js'
export { type EndSessionRequest, endSessionUrl } from './protocol/sign-out/end-session.js'
export { type LogoutToken, type LogoutTokenOptions, validateLogoutToken } from './protocol/sign-out/logout-token.js'
export {
  type CompleteOptions,
  completeAuthorization,
  type Grant,
  type IdTokenClaims,
  type Tokens,
  type TokenType,
} from './protocol/token/complete.js'
export { createDpop, type Dpop } from './protocol/token/dpop.js'
export type { AuthorizationDetail } from './protocol/token/granted-details.js'
