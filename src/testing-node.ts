/** For the tests of an app, in Node: the test server on a port. */

export { isProofkeyError, ProofkeyError } from './errors.js'
export { type ListeningTestServer, type ListenOptions, listenTestServer } from './testing/listen.js'
export type { TestServerOptions } from './testing/server/create-test-server.js'
export type { TestServer } from './testing/server/test-server.js'
