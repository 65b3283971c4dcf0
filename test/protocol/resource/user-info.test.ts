import { expect, it } from 'vitest'
import { requestUserInfo } from '../../../src/protocol/resource/user-info.js'
import type { ServerMetadata } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const server = { issuer: 'https://as.example', userinfo_endpoint: 'https://as.example/me' } as ServerMetadata
const ada = { sub: 'ada', name: 'Ada' }

/** A request that is answered so. */
function asked(response: () => Response, metadata = server) {
  const sent: Request[] = []
  const fetch = async (url: string, init: RequestInit) => {
    sent.push(new Request(url, init))
    return response()
  }
  return { sent, info: requestUserInfo(metadata, 'ada', { fetch }) }
}

it('asks for JSON, and returns the claims', async () => {
  const { sent, info } = asked(() => Response.json(ada))
  expect(await info).toEqual(ada)
  const [{ url, method, headers }] = sent as [Request]
  expect([url, method, headers.get('accept')]).toEqual(['https://as.example/me', 'GET', 'application/json'])
})

it.each<[string, () => Response, string, RegExp]>([
  [
    'of another user (OpenID Connect Core §5.3.2)',
    () => Response.json({ sub: 'bob' }),
    'another sub',
    /^Sign in again/,
  ],
  ['without a sub', () => Response.json({ name: 'Ada' }), 'another sub', /^Sign in again/],
  [
    'that is signed',
    () => new Response('a.b.c', { headers: { 'content-type': 'application/jwt; charset=utf-8' } }),
    'returned a JWT',
    /userinfo_signed_response_alg/,
  ],
  ['that is a page', () => new Response('<html>'), 'returned no JSON (status 200)', /issuer/],
  ['without a type', () => new Response(new Uint8Array([1])), 'returned no JSON (status 200)', /issuer/],
  ['that is null', () => Response.json(null), 'returned no JSON (status 200)', /issuer/],
  ['with an error', () => Response.json(ada, { status: 401 }), 'returned no JSON (status 401)', /issuer/],
])('a response %s is refused', async (_, response, message, hint) => {
  const error = await refusal(asked(response).info, 'response_refused')
  expect(error.message).toContain(message)
  expect(error.hint).toMatch(hint)
})

it('is not asked of a server without the endpoint', async () => {
  const { sent, info } = asked(() => Response.json(ada), { issuer: 'https://as.example' } as ServerMetadata)
  expect((await refusal(info, 'endpoint_refused')).message).toContain('userinfo_endpoint is missing')
  expect(sent).toEqual([])
})
