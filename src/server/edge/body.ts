import { ProofkeyError } from '../../errors.js'
import { MAX_BODY_BYTES } from '../../limits.js'
import { trimWhitespace } from './whitespace.js'

/** A request's body as text, bounded. @throws `callback_malformed` */
export async function readBody(request: Request, type: string): Promise<string> {
  const [essence = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (trimWhitespace(essence).toLowerCase() !== type) throw malformed(`is no ${type}`)
  const chunks: BlobPart[] = []
  let size = 0
  if (request.bodyUsed) throw malformed('was read before')
  const reader = request.body?.getReader()
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      throw malformed('broke off')
    })
    if (done) break
    size += value.length
    if (size > MAX_BODY_BYTES) {
      reader.cancel().catch(() => {})
      throw malformed(`is over ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(value as BlobPart)
  }
  return new Blob(chunks).text()
}

const malformed = (what: string) => new ProofkeyError('callback_malformed', `The body ${what}.`)
