import { describe, expect, it } from 'vitest'
import { revokeToken } from '../../../src/protocol/token/revoke.js'
import { createDpop, createSigningKey, type ServerMetadata } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'
const server: ServerMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
}
const key = await createSigningKey()
const dpop = () => createDpop(async () => key)

/** Keeps what was sent; `undefined` is no answer. */
function answering(...statuses: (number | undefined)[]) {
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push(new Request(input, init))
    const status = statuses.shift()
    if (!status) throw new TypeError('Failed to fetch')
    return new Response('{}', { status })
  }
  return { sent, fetch }
}

describe('the request of a revocation (RFC 7009 §2.1)', () => {
  it.each([['refresh_token'], ['access_token'], [undefined]] as const)(
    'has the token, and %s as its hint',
    async (tokenTypeHint) => {
      const { sent, fetch } = answering(200)
      await expect(revokeToken(server, 'spa', 'the-token', { fetch, tokenTypeHint })).resolves.toBeUndefined()
      const [{ url, method, headers }] = sent as [Request]
      expect([url, method, headers.has('dpop')]).toEqual([`${issuer}/revoke`, 'POST', false])
      expect(Object.fromEntries(new URLSearchParams(await sent[0]!.text()))).toEqual({
        token: 'the-token',
        client_id: 'spa',
        ...(tokenTypeHint && { token_type_hint: tokenTypeHint }),
      })
    },
  )

  it('goes nowhere where the server has no such endpoint', async () => {
    const { sent, fetch } = answering(200)
    const without = { ...server, revocation_endpoint: undefined } as unknown as ServerMetadata
    const error = await refusal(revokeToken(without, 'spa', 'the-token', { fetch }), 'endpoint_refused')
    expect(error.message).toContain('revocation_endpoint is missing')
    expect(sent).toEqual([])
  })
})

describe('with DPoP', () => {
  it('a revocation has a proof', async () => {
    const { sent, fetch } = answering(200)
    await revokeToken(server, 'spa', 'the-token', { fetch, dpop: dpop() })
    expect(sent.map(({ headers }) => headers.has('dpop'))).toEqual([true])
  })

  it('it is sent again without, where the endpoint does not allow the header (CORS)', async () => {
    const { sent, fetch } = answering(undefined, 200)
    await revokeToken(server, 'spa', 'the-token', { fetch, dpop: dpop() })
    expect(sent.map(({ headers }) => headers.has('dpop'))).toEqual([true, false])
  })

  it('it is not, where the server has responded, or nobody waits for it any more', async () => {
    const redirected = answering(302, 200)
    await refusal(
      revokeToken(server, 'spa', 'the-token', { fetch: redirected.fetch, dpop: dpop() }),
      'response_refused',
    )
    const left = answering(undefined, 200)
    const options = { fetch: left.fetch, dpop: dpop(), signal: AbortSignal.abort() }
    await refusal(revokeToken(server, 'spa', 'the-token', options), 'aborted')
    expect([redirected.sent.length, left.sent.length]).toEqual([1, 1])
  })
})

it('without DPoP, no response is not tried again', async () => {
  const { sent, fetch } = answering(undefined, 200)
  await refusal(revokeToken(server, 'spa', 'the-token', { fetch }), 'network_error')
  expect(sent).toHaveLength(1)
})

it.each([
  [503, 'try again later'],
  [400, 'client authentication'],
  [401, 'client authentication'],
])('status %s is told, and what to do: the token may be valid still (RFC 7009 §2.2.1)', async (status, hint) => {
  const error = await refusal(
    revokeToken(server, 'spa', 'the-token', { fetch: answering(status).fetch }),
    'token_request_refused',
  )
  expect(error.message).toContain(`status ${status}`)
  expect(error.hint).toContain(hint)
})
