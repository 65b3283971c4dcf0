/**
 * The building blocks, for those who hold their own state: no DOM, no storage, no globals but `fetch` and `crypto`.
 */
export { createSigningKey, type PublicMembers, type SigningKey } from './crypto/signing-key.js'
export { type ErrorCode, type ErrorDetails, isProofkeyError, ProofkeyError, type ServerError } from './errors.js'
export {
  type AuthorizationParameters,
  type AuthorizationRequest,
  beginAuthorization,
  type ResponseMode,
} from './protocol/begin.js'
export { type ClientAuth, checkClientAuth, none } from './protocol/client-auth.js'
export { clientSecretBasic, clientSecretJwt, clientSecretPost, exposedClientSecret } from './protocol/client-secret.js'
export {
  type CompleteOptions,
  completeAuthorization,
  type Grant,
  type IdTokenClaims,
  type Tokens,
  type TokenType,
} from './protocol/complete.js'
export { createDpop, type Dpop } from './protocol/dpop.js'
export { type EndSessionRequest, endSessionUrl } from './protocol/end-session.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/endpoint.js'
export { checkIdTokenSignature, type SignatureCheck } from './protocol/id-token-signature.js'
export type { JwsHeader, Jwt, PublicJwk } from './protocol/jws.js'
export { createKeySource, type KeySource, loadKeys } from './protocol/key-source.js'
export { type LogoutToken, type LogoutTokenOptions, validateLogoutToken } from './protocol/logout-token.js'
export { type CheckedMetadata, checkMetadata, discover, type ServerMetadata } from './protocol/metadata.js'
export {
  type PrivateJwk,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
  type SigningAlgorithm,
} from './protocol/private-key-jwt.js'
export type { RequestOptions } from './protocol/request.js'
export { selfSignedTlsClientAuth, type TlsClientAuthOptions, tlsClientAuth } from './protocol/tls-client-auth.js'
export type { PinnedServer, Transaction } from './protocol/transaction.js'
