/** Sign-in for clients of MCP servers: a `fetch` for the transports of the MCP SDK, versions 1 and 2. */

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
export { sealedRegistrations } from './flow/sealed-registrations.js'
export { createMcpAuth } from './mcp/create-mcp-auth.js'
export { type DeviceGrant, type DeviceGrantOptions, deviceGrant } from './mcp/device-grant.js'
export { handOver } from './mcp/hand-over.js'
export type { McpAuth, McpAuthConfig, SignInRequest } from './mcp/mcp-config.js'
export { type UserSessionsOptions, userSessions } from './mcp/user-sessions.js'
export { allowInsecureLoopback, type InsecureSwitch } from './protocol/discovery/endpoint.js'
export { acceptResourceOfWholeOrigin, type OriginResourceSwitch } from './protocol/resource/discover-resource.js'
export { type MemoryVaultOptions, memoryVault } from './vault/memory.js'
export { memorySessions, type SessionStore, type StoredText } from './vault/session-store.js'
