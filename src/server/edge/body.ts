import { ProofkeyError } from '../../errors.js'

const MAX_BYTES = 65_536

/** A request's body as text, bounded. @throws `callback_malformed` */
export async function readBody(request: Request, type: string): Promise<string> {
  if (request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() !== type)
    throw malformed(`is no ${type}`)
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
    if (size > MAX_BYTES) {
      reader.cancel().catch(() => {})
      throw malformed(`is over ${MAX_BYTES} bytes`)
    }
    chunks.push(value as BlobPart)
  }
  return new Blob(chunks).text()
}

const malformed = (what: string) => new ProofkeyError('callback_malformed', `The body ${what}.`)
