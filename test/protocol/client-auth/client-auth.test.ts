import { expect, it } from 'vitest'
import { keyOf } from '../../../src/protocol/client-auth/client-auth.js'
import {
  checkClientAuth,
  clientSecretBasic,
  clientSecretPost,
  none,
  privateKeyJwt,
  type ServerMetadata,
  selfSignedTlsClientAuth,
  tlsClientAuth,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const server = (listed: unknown) =>
  ({ issuer: 'https://as.example', token_endpoint_auth_methods_supported: listed }) as ServerMetadata

it('a method that the server does not list is refused before a secret is sent', async () => {
  const check = () => checkClientAuth(server(['private_key_jwt', 'client_secret_post']), clientSecretBasic('s3cret'))
  const error = await refusal(check, 'client_auth_unsupported')
  expect(error.message).toBe(
    'The server does not support client_secret_basic, only private_key_jwt, client_secret_post.',
  )
  expect(error.hint).toMatch(/enable client_secret_basic on the server.*token_endpoint_auth_methods_supported is wrong/)
})

it.each([undefined, null, [], [null], '', 'client_secret_post', ['none', 'client_secret_post']])(
  'a method is accepted where the list is %o',
  (listed) => expect(() => checkClientAuth(server(listed), clientSecretPost('s3cret'))).not.toThrow(),
)

it('a public client is accepted whatever is listed, and adds nothing but its id', async () => {
  expect(() => checkClientAuth(server(['private_key_jwt']), none())).not.toThrow()
  const [body, headers] = [new URLSearchParams(), new Headers()]
  await none().authenticate(server([]), { client_id: 'spa' }, body, headers)
  expect([none().method, Object.fromEntries(body), [...headers]]).toEqual(['none', { client_id: 'spa' }, []])
})

it('only authentication by a key that the server does not have is known as such', async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  expect([tlsClientAuth(), selfSignedTlsClientAuth(), privateKeyJwt(privateKey)].map(keyOf)).toEqual([
    'certificate',
    'certificate',
    'ES256',
  ])
  expect([none(), clientSecretBasic('s3cret'), undefined, { ...tlsClientAuth() }].map(keyOf)).toEqual(
    Array(4).fill(undefined),
  )
})
