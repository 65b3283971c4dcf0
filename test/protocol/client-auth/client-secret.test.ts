import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as browser from '../../../src/index.js'
import type { ClientAuth } from '../../../src/protocol/client-auth/client-auth.js'
import {
  clientSecretBasic,
  clientSecretBasicWithoutEncoding,
  clientSecretJwt,
  clientSecretPost,
  exposedClientSecret,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { anyText } from '../../helpers/any-text.js'
import { refusal } from '../../helpers/refusal.js'

const server = { issuer: 'https://as.example', token_endpoint: 'https://as.example/token' } as ServerMetadata

/** What a method adds to a request. */
async function proofOf({ authenticate }: ClientAuth, clientId = 'app') {
  const body = new URLSearchParams({ grant_type: 'authorization_code' })
  const headers = new Headers()
  await authenticate(server, { client_id: clientId }, body, headers)
  return { body: Object.fromEntries(body), headers: Object.fromEntries(headers) }
}

/** As a server reads it that decodes nothing. */
const rawBasic = (header = '') => Buffer.from(header.replace(/^Basic /, ''), 'base64').toString()

/** As RFC 6749 §2.3.1 and appendix B have a server read it. */
const readBasic = (header = '') => [...new URLSearchParams(rawBasic(header).replace(':', '=')).entries()][0]

describe('clientSecretBasic', () => {
  it('is the header of RFC 6749 §2.3.1, and nothing in the body', async () => {
    const { body, headers } = await proofOf(clientSecretBasic('7Fjfp0ZBr1KtDRbnfVdmIw'), 's6BhdRkqt3')
    expect(headers).toEqual({ authorization: 'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3' })
    expect(body).toEqual({ grant_type: 'authorization_code' })
  })

  it.each([
    ['app', 'a:b%+ü'],
    ['https://app.example/x?y=z', 'a b&c=d'],
    ['app', `-_.!~*'()`],
  ])('form-encodes both parts: %s, %s', async (id, secret) => {
    const { authorization } = (await proofOf(clientSecretBasic(secret), id)).headers
    expect(readBasic(authorization)).toEqual([id, secret])
  })

  it('writes a:b%+ü as the form encoding of its UTF-8', async () => {
    const { authorization = '' } = (await proofOf(clientSecretBasic('a:b%+ü'))).headers
    expect(atob(authorization.slice(6))).toBe('app:a%3Ab%25%2B%C3%BC')
  })

  it('is read back by every server that decodes', async () => {
    const secrets = anyText().filter((text) => !!text && !/\p{Cc}/u.test(text))
    await fc.assert(
      fc.asyncProperty(anyText(), secrets, async (id, secret) => {
        const { authorization } = (await proofOf(clientSecretBasic(secret), id)).headers
        expect(readBasic(authorization)).toEqual([id, secret])
        expect(rawBasic(authorization)).toMatch(/^[\w.*~%+-]*:[\w.*~%+-]+$/)
      }),
    )
  })

  it('is read by every server, decoding or not, where all characters are unreserved', async () => {
    const unreserved = fc.stringMatching(/^[A-Za-z0-9._~-]+$/)
    await fc.assert(
      fc.asyncProperty(unreserved, unreserved, async (id, secret) => {
        const { authorization } = (await proofOf(clientSecretBasic(secret), id)).headers
        expect(rawBasic(authorization)).toBe(`${id}:${secret}`)
        expect(readBasic(authorization)).toEqual([id, secret])
      }),
    )
  })
})

describe('clientSecretBasicWithoutEncoding', () => {
  it('sends what was registered, in UTF-8', async () => {
    const { body, headers } = await proofOf(clientSecretBasicWithoutEncoding('a:b%+ ü€'))
    expect(rawBasic(headers['authorization'])).toBe('app:a:b%+ ü€')
    expect(body).toEqual({ grant_type: 'authorization_code' })
  })

  it('refuses an id with a colon, which would be read as its end', async () => {
    const error = await refusal(proofOf(clientSecretBasicWithoutEncoding('hunter2'), 'urn:app'), 'config_invalid')
    expect(error.message).toContain('clientId: contains a colon')
  })
})

describe('clientSecretPost', () => {
  it('puts id and secret into the body, and nothing into the headers', async () => {
    expect(await proofOf(clientSecretPost('a:b%+ü'))).toEqual({
      body: { grant_type: 'authorization_code', client_id: 'app', client_secret: 'a:b%+ü' },
      headers: {},
    })
  })
})

describe('clientSecretJwt', () => {
  const secret = 'a secret of more than thirty-two bytes'

  it('signs an assertion with the secret, which does not leave', async () => {
    const now = Math.floor(Date.now() / 1000)
    const { body, headers } = await proofOf(clientSecretJwt(secret))
    expect(headers).toEqual({})
    expect(JSON.stringify(body)).not.toContain(secret)
    expect(body).toMatchObject({
      client_id: 'app',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    const [header = '', payload = '', signature] = body['client_assertion']?.split('.') ?? []
    expect(createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')).toBe(signature)
    expect(JSON.parse(atob(header))).toEqual({ alg: 'HS256' })
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect(claims).toMatchObject({ iss: 'app', sub: 'app', aud: server.issuer })
    expect(claims.iat).toBeGreaterThanOrEqual(now)
    expect(claims.exp - claims.iat).toBe(60)
  })

  it('makes a new jti for every request', async () => {
    const clientAuth = clientSecretJwt(secret)
    const jtis = await Promise.all(
      [1, 2, 3].map(async () => {
        const payload = (await proofOf(clientAuth)).body['client_assertion']?.split('.')[1] ?? ''
        return JSON.parse(Buffer.from(payload, 'base64url').toString()).jti
      }),
    )
    expect(new Set(jtis).size).toBe(3)
    for (const jti of jtis) expect(jti).toMatch(/^[\w-]{43}$/)
  })
})

describe('a client secret', () => {
  const makers = {
    clientSecretBasic,
    clientSecretBasicWithoutEncoding,
    clientSecretPost,
    clientSecretJwt,
    exposedClientSecret,
  }

  it.each(Object.entries(makers))('is checked by %s before it is used', async (_, make) => {
    for (const [wrong, message] of [
      ['', /secret \(string\)/],
      [undefined, /secret \(undefined\)/],
      [Buffer.from('hunter2'), /secret \(object\)/],
      ['hunter2\n', /trim it/],
    ] as const) {
      const error = await refusal(() => make(wrong as string), 'config_invalid')
      expect(error.message).toMatch(message)
      expect(`${error.message}${error.hint}${error.stack}`).not.toContain('hunter2')
    }
  })

  describe.each(Object.entries(makers))('of a function, for %s,', (_, make) => {
    it('is asked for anew by every request', async () => {
      const secrets = ['first-secret', 'second-secret']
      const clientAuth = make(async () => secrets.shift() ?? '')
      const sent = await Promise.all([proofOf(clientAuth), proofOf(clientAuth)])
      expect(sent[0]).not.toEqual(sent[1])
      expect(secrets).toEqual([])
    })

    it('is the secret to withhold of its own request alone', async () => {
      const secrets = ['first-secret', 'second-secret']
      const clientAuth = make(() => secrets.shift() ?? '')
      const requests = [new Headers(), new Headers()]
      for (const headers of requests)
        await clientAuth.authenticate(server, { client_id: 'app' }, new URLSearchParams(), headers)
      expect(requests.map((headers) => clientAuth.secret?.(headers))).toEqual(['first-secret', 'second-secret'])
      expect(clientAuth.secret?.(new Headers())).toBeUndefined()
    })

    it('is checked like a text', async () => {
      for (const [wrong, message] of [
        ['', /secret \(string\)/],
        [undefined, /secret \(undefined\)/],
        ['hunter2\n', /trim it/],
      ] as const) {
        const error = await refusal(proofOf(make(() => wrong as string)), 'config_invalid')
        expect(error.message).toMatch(message)
        expect(`${error.message}${error.hint}${error.stack}`).not.toContain('hunter2')
      }
    })

    it.each([
      [
        'throws',
        (cause: Error) => () => {
          throw cause
        },
      ],
      ['rejects', (cause: Error) => () => Promise.reject(cause)],
    ])('puts nothing into the request where it %s, and can be tried again', async (_, failing) => {
      const cause = new Error('The vault is sealed')
      const body = new URLSearchParams()
      const headers = new Headers()
      const { authenticate } = make(failing(cause))
      const trying = Promise.resolve(authenticate(server, { client_id: 'app' }, body, headers))
      const error = await refusal(trying, 'config_invalid')
      expect(error).toMatchObject({ cause, retryable: true })
      expect([...body, ...headers]).toEqual([])
    })
  })

  it('is reached from a browser by a name that says it is exposed, and by no other', () => {
    const names = Object.keys(browser).filter((name) => /secret|jwt/i.test(name))
    expect(names.filter((name) => name !== 'exposedClientSecret')).toEqual([])
    expect(exposedClientSecret('hunter2').method).toBe('client_secret_post')
  })
})

it.each([
  [clientSecretBasic, 'client_secret_basic'],
  [clientSecretBasicWithoutEncoding, 'client_secret_basic'],
  [clientSecretPost, 'client_secret_post'],
  [exposedClientSecret, 'client_secret_post'],
  [clientSecretJwt, 'client_secret_jwt'],
])('the method has its registered name (OpenID Connect Core §9): %o is %s', (make, method) => {
  expect(make('a secret of thirty-two bytes or more').method).toBe(method)
})
