/** Sign-in for MCP clients: from the URL of an MCP server to requests with an access token (MCP, Authorization, 2026-07-28). */
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
export { memoryRegistrations } from './flow/memory-registrations.js'
export { createMcpAuth, type McpAuth } from './mcp/create-mcp-auth.js'
export type { McpAuthConfig, McpSignInRequest } from './mcp/mcp-config.js'
export { clientMetadataDocument, clientMetadataResponse } from './protocol/client-auth/metadata-document.js'
export type {
  ClientRegistration,
  ClientRegistrations,
} from './protocol/client-auth/registrations.js'
export { acceptResourceOfWholeOrigin } from './protocol/resource/discover-resource.js'
