import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  beginAuthorization,
  type CheckedMetadata,
  completeAuthorization,
  discoverServerOf,
  identifyClient,
  allowInsecureLoopback as insecure,
  memoryRegistrations,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { start } from '../../servers/better-auth/start.js'
import { REDIRECT_URI, type RunningServer } from '../../servers/running-server.js'
import { createVisitor } from '../../servers/visitor.js'

let running: RunningServer
let server: CheckedMetadata
beforeAll(async () => {
  running = await start({ openRegistration: true })
  server = await discoverServerOf({ authorizationServers: [running.issuer] }, { insecure })
})
afterAll(() => running.close())

it('is found by its issuer with a path, registers a stranger, and signs a person in', async () => {
  expect(server.issuer).toBe(running.issuer)
  const registrations = memoryRegistrations()
  const ask = { redirectUri: REDIRECT_URI, register: { clientName: 'An agent' }, registrations, insecure }
  const client = await identifyClient(server, ask)
  const { clientId, clientAuth } = client
  const request = { clientId, redirectUri: REDIRECT_URI, scope: 'openid', insecure }
  const { url, transaction } = await beginAuthorization(server, request)
  const callback = await running.signIn(createVisitor(), url)
  const { claims } = await completeAuthorization(transaction, callback, { clientAuth, insecure })
  expect(claims?.aud).toBe(clientId)
  // A code that was used says nothing about the client.
  const again = await refusal(completeAuthorization(transaction, callback, { insecure }), 'token_request_refused')
  expect(await client.forgetIfRefused(again)).toBe(false)
  expect((await identifyClient(server, ask)).clientId).toBe(clientId)
})

it('keeps a client that the server has not refused by name: it looks at the code first', async () => {
  const registrations = memoryRegistrations()
  const gone = { issuer: server.issuer, clientId: 'gone', method: 'none', redirectUris: [REDIRECT_URI] }
  await registrations.add(server.issuer, gone)
  const client = await identifyClient(server, { redirectUri: REDIRECT_URI, register: {}, registrations, insecure })
  const request = { clientId: client.clientId, redirectUri: REDIRECT_URI, scope: 'openid', insecure }
  const { transaction } = await beginAuthorization(server, request)
  const callback = new URL(REDIRECT_URI)
  callback.search = `${new URLSearchParams({ code: crypto.randomUUID(), state: transaction.state, iss: server.issuer })}`
  const error = await refusal(completeAuthorization(transaction, callback, { insecure }), 'token_request_refused')
  expect(error.serverError?.error).toBe('invalid_grant')
  expect(await client.forgetIfRefused(error)).toBe(false)
})
