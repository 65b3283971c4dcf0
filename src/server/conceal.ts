import { fromBase64url } from '../crypto/base64url.js'
import { readBody } from '../protocol/request.js'
import { redact } from '../protocol/server-error.js'

/**
 * A `fetch` whose refusals do not repeat the client's secret: what was sent in the body is blotted out of a server's
 * words elsewhere, what was sent in the `Authorization` header here.
 */
export function concealing(fetch: typeof globalThis.fetch | undefined): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await (fetch ?? globalThis.fetch)(input, init)
    const credentials = /^Basic (.+)$/.exec(new Headers(init?.headers).get('authorization') ?? '')?.[1]
    if (!credentials || response.status < 400) return response
    const [, encoded = ''] = String.fromCharCode(...fromBase64url(credentials)).split(':')
    const secrets = [credentials, encoded, decodeURIComponent(encoded.replaceAll('+', ' '))]
    const text = await (await readBody(String(input), response)).text()
    const { status, headers } = response
    return new Response(redact(text, secrets), { status, headers })
  }
}
