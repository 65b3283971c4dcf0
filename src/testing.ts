/** For the tests of an app: a signed-in client without network, and an authorization server in this process. */

export type { ErrorCode } from './errors.js'
export { isProofkeyError, ProofkeyError } from './errors.js'
export type { ApiHandler, AuthenticationDemand } from './testing/fake-api.js'
export {
  type FakeBackendSession,
  type FakeBackendSessionOptions,
  fakeBackendSession,
} from './testing/fake-backend-session.js'
export { type FakeSession, type FakeSessionOptions, fakeSession } from './testing/fake-session.js'
export { type Attack, type AttackName, attacks } from './testing/server/attacks.js'
export type { TestClient } from './testing/server/authorize.js'
export { createTestServer, type TestServerOptions } from './testing/server/create-test-server.js'
export type { CallbackChange, Fault, FaultOf, ReceivedRequest, TestEndpoint } from './testing/server/fault.js'
export type { IssuedSecret, TestGrant, TestUser } from './testing/server/issued.js'
export type { TestServer } from './testing/server/test-server.js'
export { testUserAgent } from './testing/test-user-agent.js'
