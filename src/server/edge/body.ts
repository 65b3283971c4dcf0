import { ProofkeyError } from '../../errors.js'
import { MAX_BODY_BYTES } from '../../limits.js'
import { joinBytes } from '../../protocol/bytes.js'
import { trimWhitespace } from './whitespace.js'

/** Reads a request body as text, up to a limit. @throws `callback_malformed` */
export async function readBody(request: Request, type: string): Promise<string> {
  const [essence = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (trimWhitespace(essence).toLowerCase() !== type) throw bodyMalformed(`is not ${type}`, `Send it as ${type}.`)
  const chunks: Uint8Array[] = []
  let size = 0
  // Locked: a middleware is reading it now.
  if (request.bodyUsed || request.body?.locked)
    throw bodyMalformed('was read before', 'Pass the request before its body is read.')
  const reader = request.body?.getReader()
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      throw bodyMalformed('is incomplete')
    })
    if (done) break
    size += value.length
    if (size > MAX_BODY_BYTES) {
      reader.cancel().catch(() => {})
      throw bodyMalformed(`is over ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(value)
  }
  return new TextDecoder().decode(joinBytes(chunks, size))
}

const bodyMalformed = (what: string, hint?: string) =>
  new ProofkeyError('callback_malformed', `The body ${what}.`, hint)
