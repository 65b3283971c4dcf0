import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/events.js'
import { revokeAll } from '../../src/session/dispose.js'
import { createServer, type Faults } from '../helpers/server.js'

/** What is revoked of these tokens, in which order, and what is reported. */
async function revoked(sets: Parameters<typeof revokeAll>[0], { faults = {} as Faults, metadata = {} } = {}) {
  const server = createServer(faults)
  const events: EventBody[] = []
  const parts = {
    metadata: async () => ({ ...server.metadata, ...metadata }),
    report: (event: EventBody) => void events.push(event),
  }
  const config = { issuer: server.issuer, clientId: 'spa', redirectUri: 'https://app.example/', fetch: server.fetch }
  await revokeAll(sets, parts as never, config)
  const sent = server.requests.map(({ body, init }) => [
    body.get('token'),
    body.get('token_type_hint'),
    body.get('client_id'),
    init.keepalive,
  ])
  return { sent, events }
}

describe('tokens that are revoked', () => {
  const set = { accessTokens: ['a', 'b'], refreshToken: 'r' }

  it('are each sent once, the refresh token last, also if the page is closed meanwhile', async () => {
    const { sent, events } = await revoked([set, { accessTokens: ['b'], refreshToken: 'r' }])
    expect(sent).toEqual([
      ['a', 'access_token', 'spa', true],
      ['b', 'access_token', 'spa', true],
      ['r', 'refresh_token', 'spa', true],
    ])
    const types = ['revocation_started', 'revocation_started', 'token_revoked', 'token_revoked']
    expect(events.map(({ type }) => type)).toEqual([...types, 'revocation_started', 'token_revoked'])
    expect(events.at(-1)).toEqual({ type: 'token_revoked', token: 'refresh_token' })
  })

  it('may be none: a server that sends an ID token alone, a session without a refresh token', async () => {
    const none = await revoked([{ accessTokens: [''], refreshToken: undefined }])
    expect([none.sent, none.events]).toEqual([[], []])
  })

  it('are not, at a server that revokes none', async () => {
    const { sent, events } = await revoked([set], { metadata: { revocation_endpoint: undefined } })
    expect([sent, events]).toEqual([[], [{ type: 'revocation_unsupported' }]])
  })

  it('of which one fails: it is reported, and the others are sent', async () => {
    const faults: Faults = { revoke: (body) => new Response(null, { status: body.get('token') === 'a' ? 503 : 200 }) }
    const { sent, events } = await revoked([set], { faults })
    expect(sent).toHaveLength(3)
    expect(events.filter(({ type }) => type === 'revocation_failed')).toEqual([
      { type: 'revocation_failed', token: 'access_token', code: expect.any(String) },
    ])
    expect(events.filter(({ type }) => type === 'token_revoked')).toHaveLength(2)
  })
})
