import type { AccessToken } from '../../src/session/session-record.js'

/** An access token of which only the text and the scope matter. */
export const tokenNamed = (accessToken: string, scope = ''): AccessToken => ({
  accessToken,
  scope,
  receivedAtMs: 0,
  expiresAtMs: undefined,
  staleAtMs: undefined,
})
