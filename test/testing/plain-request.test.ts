import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { toPlainRequest } from '../../src/testing/server/plain-request.js'
import { createTestServer } from '../../src/testing.js'

const BYTES = [255, 0, 254]
const bytes = Uint8Array.from(BYTES)

it.each<[string, BodyInit, string | null]>([
  ['bytes', bytes, null],
  ['a part of a buffer', Uint8Array.from([1, ...BYTES, 2]).subarray(1, 4), null],
  ['a buffer', bytes.buffer, null],
  ['bytes of another realm', runInNewContext(`Uint8Array.from([${BYTES}])`), null],
  ['a blob', new Blob([bytes], { type: 'image/png' }), 'image/png'],
  ['a stream', new Blob([bytes]).stream(), null],
])('%s as a body stay what they are', async (_, body, type) => {
  const { request } = await toPlainRequest('https://as.test/token', { method: 'POST', body })
  expect([...new Uint8Array(await request.clone().arrayBuffer())]).toEqual(BYTES)
  expect(request.headers.get('content-type')).toBe(type)
})

it('text, parameters and forms have their types; one that is given counts more', async () => {
  const form = new FormData()
  form.set('a', 'ü')
  const typeOf = async (body: BodyInit, headers = {}) =>
    (await toPlainRequest('https://as.test/token', { method: 'POST', body, headers })).request.headers.get(
      'content-type',
    )
  expect(await typeOf('a=b')).toBe('text/plain;charset=UTF-8')
  expect(await typeOf(new URLSearchParams('a=b'))).toBe('application/x-www-form-urlencoded;charset=UTF-8')
  expect(await typeOf(form)).toMatch(/^multipart\/form-data; boundary=/)
  expect(await typeOf(bytes, { 'content-type': 'image/png' })).toBe('image/png')
})

it('parameters that are posted as bytes are read', async () => {
  const server = createTestServer()
  const body = new TextEncoder().encode('grant_type=refresh_token&refresh_token=none')
  const response = await server.fetch(server.metadata.token_endpoint as string, { method: 'POST', body })
  expect(response.status).toBe(400)
  expect(server.requests[0]?.parameters.get('grant_type')).toBe('refresh_token')
})
