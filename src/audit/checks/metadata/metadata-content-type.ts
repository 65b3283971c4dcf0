import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { metadataDocuments } from './documents.js'

export const metadataContentType: AuditCheck = {
  id: 'metadata-content-type',
  title: 'The metadata is served as application/json',
  severity: 'low',
  sources: [rfc(8414, '3.2')],
  sets: [],
  needs: {},
  sends: 'A request for each metadata document.',
  why: 'Apps refuse a document of another type, or guess. A page or an uploaded file that is taken for the server’s description could send people elsewhere.',
  repair: 'Answer with Content-Type: application/json.',
  async run(context) {
    const documents = await metadataDocuments(context)
    if (!documents.length) return inconclusive('No metadata document could be read.')
    const types = documents.map(({ response, url }) => ({ url, type: response.headers.get('content-type') ?? 'none' }))
    const other = types.filter(({ type }) => !/^application\/json\s*(;|$)/i.test(type))
    return other.length
      ? fail(other.map(({ url, type }) => `The type of ${url} is ${type}.`).join(' '))
      : pass('It is application/json.')
  },
}
