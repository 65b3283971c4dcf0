/** Protects an API of one's own with access tokens. Uses Web APIs only and imports no `node:` module. */
export type { SealingKey } from './crypto/keyring.js'
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
export type { ClientAuth } from './protocol/client-auth/client-auth.js'
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
export type { FetchedResponse, FetchLike, RequestOptions } from './protocol/request.js'
export {
  type AccessTokenProfile,
  type AccessTokenTraits,
  accessTokensWithoutStandardType,
} from './protocol/resource/access-token-profile.js'
export {
  type Certificate,
  type CertificateOf,
  certificateFromTrustedProxyHeader,
} from './protocol/resource/certificate.js'
export type { TokenScheme } from './protocol/resource/credentials.js'
export { allowMissingAudience, type MissingAudience } from './protocol/resource/introspection.js'
export type { ResourceMetadata } from './protocol/resource/resource-metadata.js'
export type { Claims } from './protocol/resource/token-checks.js'
export { type Access, createResourceServer, type ResourceServer } from './resource-server/create-resource-server.js'
export type { Demands } from './resource-server/demands.js'
export type {
  DpopConfig,
  IntrospectionConfig,
  MutualTlsConfig,
  ResourceDescription,
  ResourceServerConfig,
  TrustedIssuer,
} from './resource-server/resource-server-config.js'
export type { Binding } from './resource-server/sender-constraint.js'
export type { RedisClient } from './vault/redis-client.js'
export {
  type MemoryReplayCacheOptions,
  memoryReplayCache,
  type RedisReplayCacheOptions,
  type ReplayAttempt,
  type ReplayCache,
  redisReplayCache,
} from './vault/replay-cache.js'
