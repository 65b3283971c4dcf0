import { createPublicKey, verify } from 'node:crypto'
import { listen } from './loopback.js'
import { createNonces, createProofCheck, readProof } from './proof.js'

/**
 * A real API on loopback that takes the signed access tokens of an issuer: it checks the signature, and unless it is
 * `careless` the audience, the type and the key that a token is bound to. Each of its proofs needs a new nonce.
 */
export async function startJwtApi(jwksUri: () => string, { careless = false } = {}) {
  const nonces = createNonces()
  const check = createProofCheck(nonces)
  let audience = ''
  const seen: { status: number; claims?: Record<string, unknown> | undefined }[] = []

  async function judge(method: string, headers: Record<string, string>) {
    const [, scheme, token = ''] = /^(Bearer|DPoP) (.+)$/.exec(headers['authorization'] ?? '') ?? []
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return { error: 'invalid_token' }
    const { header, claims } = readProof(token)
    const { keys } = await (await fetch(jwksUri())).json()
    const jwk = keys.find(({ kid }: { kid: string }) => kid === header['kid'])
    const [input, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)]
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    if (!verify('sha256', Buffer.from(input), key, Buffer.from(signature, 'base64url')))
      return { error: 'invalid_token' }
    if (careless) return { claims }
    if (header['typ'] !== 'at+jwt' || claims['aud'] !== audience || Number(claims['exp']) * 1000 < Date.now())
      return { error: 'invalid_token' }
    const { jkt } = Object(claims['cnf'])
    if (!jkt) return scheme === 'Bearer' ? { claims } : { error: 'invalid_token' }
    const shown = check({ method, url: audience, headers })
    if ('error' in shown) return { error: shown.error }
    return shown.jkt === jkt ? { claims } : { error: 'invalid_token' }
  }

  const { port, close } = await listen(async ({ method = '', headers }, response) => {
    const { error, claims } = await judge(method, headers as Record<string, string>)
    response.setHeader('dpop-nonce', nonces.next())
    const status = error ? 401 : 200
    seen.push({ status, claims })
    if (error) response.setHeader('www-authenticate', `DPoP error="${error}"`)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(claims ?? {}))
  })
  const origin = `http://127.0.0.1:${port}`
  audience = `${origin}/`
  return { origin, resource: audience, seen, close }
}
