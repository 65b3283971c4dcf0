/** JWTs that are nearly right: mutated header and claims under an honest signature, mutated text, no signature at all. */
import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { createSigner } from '../helpers/signer.js'
import { around, hostileText } from './arbitraries.js'
import { type Mutations, mutatedJson } from './json.js'

export const signer = createSigner('ES256')
const publicKey = createPublicKey({ key: { ...signer.jwk } as Record<string, string>, format: 'jwk' })

const encode = (text: string) => Buffer.from(text).toString('base64url')

export const HEADER = { alg: 'ES256', kid: 'k' }
const HEADERS: Mutations = {
  known: ['"none"', '"None"', '"HS256"', '"ES384"', '"RS256"', '"es256"', '"k"', '["ES256"]', '"JWT"', '"logout+jwt"'],
  names: ['typ', 'crit', 'jwk', 'jku', 'x5c', 'b64', 'cty', 'enc', 'zip'],
}

/** @param sign over the text as it stands, so that a mutated header still has a true signature of our key */
const assemble = (header: string, claims: string, how: string) => {
  const input = `${encode(header)}.${encode(claims)}`
  if (how === 'none') return `${input}.`
  const signature = signer.signInput(how === 'other' ? `${input}x` : input)
  return `${input}.${signature}`
}

/** @param claims texts of JSON */
export function hostileJwt(claims: fc.Arbitrary<string>, header: object = HEADER): fc.Arbitrary<string> {
  const honestHeader = JSON.stringify(header)
  const headers = fc.oneof(
    { weight: 5, arbitrary: fc.constant(honestHeader) },
    { weight: 2, arbitrary: mutatedJson({ ...header }, HEADERS) },
  )
  const signed = fc.oneof({ weight: 10, arbitrary: fc.constant('right') }, fc.constantFrom('none', 'other'))
  const token = fc.tuple(headers, claims, signed).map((parts) => assemble(...parts))
  const change = fc.tuple(fc.nat(), fc.nat(2), fc.oneof(fc.constantFrom('.', '=', '-', '_', '+', 'A', 'B'), around()))
  const mutated = fc.tuple(token, change).map(([text, [at, cut, piece]]) => {
    const index = at % (text.length + 1)
    return text.slice(0, index) + piece + text.slice(index + cut)
  })
  return fc.oneof(
    { weight: 12, arbitrary: token },
    { weight: 4, arbitrary: mutated },
    { weight: 1, arbitrary: token.map((text) => `${text}.${text}`) },
    { weight: 1, arbitrary: hostileText },
  )
}

export interface ReadJwt {
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
  /** Made by the signer's key, over this very text. */
  readonly signed: boolean
}

/**
 * RFC 7515 §5.2 by Node's own parts, which read base64 of any alphabet; undefined where the text is no JWS of objects.
 */
export function readJwt(token: string): ReadJwt | undefined {
  const [head = '', body = '', proof, more] = token.split('.')
  if (proof === undefined || more !== undefined) return undefined
  try {
    const [header, claims] = [head, body].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
    if (![header, claims].every((value) => typeof value === 'object' && value && !Array.isArray(value)))
      return undefined
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    const signed = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(proof, 'base64url'))
    return { header, claims, signed }
  } catch {
    return undefined
  }
}
