import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSignedBy, type Jwt, keysFor, type PublicJwk, parseJwt } from '../../../src/protocol/jose/jws.js'
import { anyText } from '../../helpers/any-text.js'
import { createSigner, SIGNING_ALGORITHMS } from '../../helpers/signer.js'

const b64 = (text: string) => Buffer.from(text).toString('base64url')
const parsed = (token: string): Jwt => {
  const jwt = parseJwt(token)
  if (!jwt) throw new Error('no JWT')
  return jwt
}
/** A JWS whose payload need not be JSON, as most of the RFCs' are not. */
const jws = (token: string): Jwt => {
  const [head = '', body = '', proof = ''] = token.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString())
  return { header, claims: {}, input: `${head}.${body}`, signature: new Uint8Array(Buffer.from(proof, 'base64url')) }
}

const signers = SIGNING_ALGORITHMS.map((alg) => createSigner(alg))
const claims = { iss: 'https://as.example', sub: 'ada ✓' }

describe('the examples of the RFCs', () => {
  const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const vectors: [string, PublicJwk, string][] = [
    [
      'RFC 7515 A.2, RS256',
      {
        kty: 'RSA',
        n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
        e: 'AQAB',
      },
      `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
    ],
    [
      'RFC 7515 A.3, ES256',
      {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
      `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
    ],
    [
      'RFC 7515 A.4, ES512',
      {
        kty: 'EC',
        crv: 'P-521',
        x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
        y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
      },
      'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
    ],
    [
      'RFC 7520 §4.2, PS384',
      {
        kty: 'RSA',
        n: 'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
        e: 'AQAB',
      },
      'eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw',
    ],
    [
      'RFC 8037 A.4, EdDSA',
      { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    ],
  ]

  it.each(vectors)('%s', async (_, key, token) => {
    const jwt = jws(token)
    expect(keysFor(jwt.header, [{ ...key, kid: jwt.header.kid }])).toHaveLength(1)
    expect(await isSignedBy(jwt, key)).toBe(true)
    expect(await isSignedBy({ ...jwt, input: `${jwt.input}A` }, key)).toBe(false)
    const signature = jwt.signature.slice()
    signature[7]! ^= 1
    expect(await isSignedBy({ ...jwt, signature }, key)).toBe(false)
  })

  it('RFC 7515 A.2: header and claims', () => {
    const { header, claims } = parsed(vectors[0]![2])
    expect(header).toEqual({ alg: 'RS256' })
    expect(claims).toEqual({ iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true })
  })
})

describe.each(signers.map((signer) => [signer.alg, signer] as const))('%s', (alg, signer) => {
  const token = signer.sign(claims)

  it('is verified, whatever else the JWK holds', async () => {
    const jwt = parsed(token)
    expect(jwt.claims).toEqual(claims)
    const jwk = { ...signer.jwk, ext: true, key_ops: ['verify'], x5t: 'x', d: 'a private part that has no place here' }
    expect(keysFor(jwt.header, [jwk])).toEqual([jwk])
    expect(await isSignedBy(jwt, jwk)).toBe(true)
  })

  it('is not of another key, and not of one of another kind', async () => {
    expect(await isSignedBy(parsed(token), createSigner(alg).jwk)).toBe(false)
    for (const other of signers.filter(({ jwk }) => jwk.kty !== signer.jwk.kty || jwk.crv !== signer.jwk.crv)) {
      expect(keysFor(parsed(token).header, [{ ...other.jwk, alg }])).toEqual([])
      expect(await isSignedBy(parsed(token), other.jwk)).toBe(false)
    }
  })

  it('covers every bit of header, claims and signature', async () => {
    const { signature, input, ...rest } = parsed(token)
    const bits = fc.nat({ max: (input.length + signature.length) * 8 - 1 })
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const bytes = new Uint8Array([...Buffer.from(input), ...signature])
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const changed = {
          ...rest,
          input: Buffer.from(bytes.slice(0, input.length)).toString('latin1'),
          signature: bytes.slice(input.length),
        }
        expect(await isSignedBy(changed, signer.jwk)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})

describe('what never verifies', () => {
  const [rs256] = signers

  it('an RSA key under 2048 bits', async () => {
    for (const alg of ['RS256', 'PS256']) {
      const weak = createSigner(alg, 'k', 1024)
      expect(await isSignedBy(parsed(weak.sign(claims)), weak.jwk)).toBe(false)
    }
  })

  it('a signature under another algorithm’s name', async () => {
    const jwt = parsed(rs256!.sign(claims))
    for (const alg of ['RS384', 'RS512', 'PS256', 'HS256', 'none', 'RS257', 'constructor', '']) {
      const renamed = { ...jwt, header: { ...jwt.header, alg } }
      expect(await isSignedBy(renamed, rs256!.jwk)).toBe(false)
    }
    expect(await isSignedBy(jwt, rs256!.jwk)).toBe(true)
  })

  it('none, an HMAC with the public key as its secret, an ECDSA signature in DER', async () => {
    const { createHmac, createPublicKey } = await import('node:crypto')
    const none = parsed(`${b64('{"alg":"none"}')}.${b64('{}')}.`)
    const input = `${b64('{"alg":"HS256"}')}.${b64('{}')}`
    const pem = createPublicKey({ key: rs256!.jwk as never, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
    const hmac = parsed(`${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`)
    const secret = { kty: 'oct', k: b64(String(pem)) }
    for (const jwt of [none, hmac]) {
      expect(keysFor(jwt.header, [rs256!.jwk, secret])).toEqual([])
      expect(await isSignedBy(jwt, rs256!.jwk)).toBe(false)
      expect(await isSignedBy(jwt, secret)).toBe(false)
    }
    const es256 = signers.find(({ alg }) => alg === 'ES256')!
    const jwt = parsed(es256.sign(claims))
    const [r, s] = [jwt.signature.slice(0, 32), jwt.signature.slice(32)]
    const der = new Uint8Array([0x30, 70, 2, 33, 0, ...r, 2, 33, 0, ...s])
    expect(await isSignedBy({ ...jwt, signature: der }, es256.jwk)).toBe(false)
  })

  it('a key that is none', async () => {
    for (const jwk of [
      {},
      { kty: 'RSA' },
      { kty: 'RSA', n: 'x', e: 'AQAB' },
      { kty: 'EC', crv: 'P-256', x: '', y: '' },
    ])
      expect(await isSignedBy(parsed(rs256!.sign(claims)), jwk)).toBe(false)
  })

  it('the key that a header brings along', async () => {
    const attacker = createSigner('RS256', 'k')
    const jwt = parsed(
      attacker.sign(claims, { jwk: attacker.jwk, jku: 'https://evil.example', x5u: 'https://evil.example' }),
    )
    expect(keysFor(jwt.header, [rs256!.jwk])).toEqual([rs256!.jwk])
    expect(await isSignedBy(jwt, rs256!.jwk)).toBe(false)
  })
})

describe('the choice of a key', () => {
  const { jwk } = createSigner('ES256', 'a')
  const header = { alg: 'ES256', kid: 'a' }

  it.each<[string, PublicJwk]>([
    ['all said', jwk],
    ['no use, no alg', { kty: 'EC', crv: 'P-256', kid: 'a' }],
    ['key_ops', { ...jwk, key_ops: ['verify'] }],
  ])('takes one with %s', (_, key) => expect(keysFor(header, [key])).toEqual([key]))

  it.each<[string, unknown]>([
    ['kid', { ...jwk, kid: 'b' }],
    ['missing kid', { ...jwk, kid: undefined }],
    ['kty', { ...jwk, kty: 'OKP' }],
    ['crv', { ...jwk, crv: 'P-384' }],
    ['alg', { ...jwk, alg: 'ES384' }],
    ['use', { ...jwk, use: 'enc' }],
    ['key_ops', { ...jwk, key_ops: ['sign'] }],
    ['odd key_ops', { ...jwk, key_ops: 'verify' }],
    ['nature', null],
    ['nature', 'key'],
  ])('refuses one of another %s', (_, key) => expect(keysFor(header, [key as PublicJwk])).toEqual([]))

  it('leaves it open where the header names none', () => {
    expect(keysFor({ alg: 'ES256' }, [jwk, { ...jwk, kid: 'b' }])).toHaveLength(2)
  })
})

describe('taking a JWT apart', () => {
  const head = b64('{"alg":"RS256"}')

  it.each([
    ['nothing', ''],
    ['two parts', `${head}.${b64('{}')}`],
    ['four parts', `${head}.${b64('{}')}.AA.AA`],
    ['five parts, encrypted', `${head}.AA.AA.AA.AA`],
    ['padding', `${head}.${b64('{}')}.AA==`],
    ['a space', `${head} .${b64('{}')}.AA`],
    ['a line break at its end', `${head}.${b64('{}')}.AA\n`],
    ['base64, not base64url', `${head}.${b64('{}')}.+/8A`],
    ['a header that is no JSON', `${b64('{')}.${b64('{}')}.AA`],
    ['a header that is a list', `${b64('[]')}.${b64('{}')}.AA`],
    ['a header without alg', `${b64('{}')}.${b64('{}')}.AA`],
    ['an alg that is a list', `${b64('{"alg":["RS256"]}')}.${b64('{}')}.AA`],
    ['a kid that is a number', `${b64('{"alg":"RS256","kid":1}')}.${b64('{}')}.AA`],
    ['crit', `${b64('{"alg":"RS256","crit":["b64"],"b64":false}')}.${b64('{}')}.AA`],
    ['empty crit', `${b64('{"alg":"RS256","crit":[]}')}.${b64('{}')}.AA`],
    ['claims that are null', `${head}.${b64('null')}.AA`],
    ['claims that are a text', `${head}.${b64('"x"')}.AA`],
    ['claims that are no UTF-8', `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AA`],
    ['an impossible length', `${head}.${b64('{}')}.A`],
  ])('refuses %s', (_, token) => expect(parseJwt(token)).toBeUndefined())

  it('takes the honest one', () => expect(parseJwt(`${head}.${b64('{}')}.AA`)).toBeDefined())

  it('never throws', () => {
    const part = fc.oneof(fc.string(), fc.json().map(b64), fc.constant(head))
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(),
          fc.array(part, { maxLength: 4 }).map((p) => p.join('.')),
        ),
        (text) => {
          parseJwt(text)
        },
      ),
      { numRuns: 500 },
    )
  })
})

it.each(['XRS256', 'RS2567', 'ES25', 'rs256', 'HS256', 'none', ''])(
  'there is no key for the algorithm "%s"',
  async (alg) => {
    const signer = createSigner('RS256')
    expect(keysFor({ alg }, [signer.jwk])).toEqual([])
    const jwt = parsed(signer.sign(claims))
    expect(await isSignedBy({ ...jwt, header: { ...jwt.header, alg } }, signer.jwk)).toBe(false)
  },
)

it('an RSA key may have members of other kinds of keys', () => {
  const { jwk } = createSigner('RS256')
  expect(keysFor({ alg: 'RS256' }, [{ ...jwk, crv: 'P-256' } as PublicJwk])).toHaveLength(1)
})

it('what is not UTF-8 is no JWT (RFC 7519 §7.2)', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1').toString('base64url')
  const header = bytes('{"alg":"RS256"}')
  expect(parseJwt(`${header}.${bytes('{"sub":"ada"}')}.AA`)?.claims).toEqual({ sub: 'ada' })
  expect(parseJwt(`${header}.${bytes('{"sub":"ad\xff"}')}.AA`)).toBeUndefined()
})
