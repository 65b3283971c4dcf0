import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'

/** A proof taken apart (RFC 9449 §4.2); vouches for nothing. */
export function readProof(proof: string) {
  const [header, claims] = proof
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header, claims } as { header: Record<string, unknown>; claims: Record<string, unknown> }
}

const digest = (text: string) => createHash('sha256').update(text).digest('base64url')

/** What a request shows of itself; `headers` as `Headers` takes them. */
export interface Shown {
  readonly method: string
  readonly url: string
  readonly headers: HeadersInit
}

/**
 * A server's checks of a proof (RFC 9449 §4.3), by Node's own crypto. `nonces` is who hands them out.
 * @returns the check: the thumbprint of the key, or an error named as the standard names it
 */
export function createProofCheck(nonces?: { isGood(nonce: unknown): boolean }) {
  const used = new Set<unknown>()
  return ({ method, url, headers: given }: Shown): { jkt: string } | { error: string; why?: string } => {
    const headers = new Headers(given)
    const proof = headers.get('dpop') ?? ''
    const no = (why: string) => ({ error: 'invalid_dpop_proof', why })
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(proof)) return no('not one JWT')
    const { header, claims } = readProof(proof)
    const jwk = header['jwk'] as Record<string, string>
    if (header['typ'] !== 'dpop+jwt' || header['alg'] !== 'ES256') return no('header')
    if (Object.keys(jwk).sort().join() !== 'crv,kty,x,y') return no('more than the public members')
    const [input, signature] = [proof.slice(0, proof.lastIndexOf('.')), proof.slice(proof.lastIndexOf('.') + 1)]
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const right = verify(
      'sha256',
      Buffer.from(input),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    if (!right) return no('signature')
    if (claims['htm'] !== method) return no('htm')
    if (claims['htu'] !== url.replace(/[?#].*$/, '')) return no('htu')
    if (Math.abs(Number(claims['iat']) - Date.now() / 1000) > 60) return no('iat')
    const [, token] = /^DPoP (.+)$/.exec(headers.get('authorization') ?? '') ?? []
    if (claims['ath'] !== (token && digest(token))) return no('ath')
    if (typeof claims['jti'] !== 'string' || used.has(claims['jti'])) return no('jti')
    used.add(claims['jti'])
    if (nonces && !nonces.isGood(claims['nonce'])) return { error: 'use_dpop_nonce' }
    const { crv, kty, x, y } = jwk
    return { jkt: digest(JSON.stringify({ crv, kty, x, y })) }
  }
}

/** Nonces of one server: a new one with each answer, and only the newest counts. */
export function createNonces() {
  let current = randomUUID()
  const given: string[] = [current]
  return {
    given,
    isGood: (nonce: unknown) => nonce === current,
    /** The one for the next request. */
    next() {
      current = randomUUID()
      given.push(current)
      return current
    },
  }
}
