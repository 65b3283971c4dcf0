import type { ServerMetadata } from '../../../src/server.js'

const issuer = 'https://as.example'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const base64url = (text: string | ArrayBuffer) => Buffer.from(text as string).toString('base64url')

/** An authorization server in a `fetch`: all that it has to work out is worked out ahead, while no clock runs. */
export async function createAuthorizationServer(clientId: string) {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const metadata: ServerMetadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  }
  const answers = new Map<string, string>()

  async function idToken(nonce: string | null): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: clientId, sub: 'ada', iat: now, exp: now + 300, auth_time: now, nonce }
    const input = [{ alg: 'ES256', kid: 'k' }, claims].map((part) => base64url(JSON.stringify(part))).join('.')
    return `${input}.${base64url(await crypto.subtle.sign(algorithm, privateKey, Buffer.from(input)))}`
  }

  return {
    metadata,
    /** @returns the callback URL of a person who signs in; the token response to its code lies ready */
    async authorize(url: string): Promise<string> {
      const asked = new URL(url).searchParams
      const code = crypto.randomUUID()
      const tokens = {
        access_token: crypto.randomUUID(),
        refresh_token: crypto.randomUUID(),
        token_type: 'Bearer',
        expires_in: 3600,
      }
      answers.set(code, JSON.stringify({ ...tokens, id_token: await idToken(asked.get('nonce')) }))
      const callback = new URL(asked.get('redirect_uri') ?? '')
      callback.search = `${new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer })}`
      return callback.href
    },
    /** Gives the ready answer to a code, once. */
    fetch: (async (_url, init) => {
      const code = new URLSearchParams(String(init?.body)).get('code') ?? ''
      const answer = answers.get(code)
      answers.delete(code)
      const headers = { 'content-type': 'application/json' }
      return new Response(answer ?? '{"error":"invalid_grant"}', { status: answer ? 200 : 400, headers })
    }) as typeof globalThis.fetch,
  }
}

export type BenchServer = Awaited<ReturnType<typeof createAuthorizationServer>>
