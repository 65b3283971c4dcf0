import { isDeepStrictEqual } from 'node:util'
import { type AuditCheck, fail, inconclusive, notApplicable, pass, warning } from '../../check.js'
import { rfc } from '../../sources.js'
import { metadataDocuments } from './documents.js'

/** Members by which an app decides where it sends a person, a code or a token, and whose keys it trusts. */
const DECISIVE = /_endpoint$|^issuer$|^jwks_uri$/

export const metadataDocumentsAgree: AuditCheck = {
  id: 'metadata-documents-agree',
  title: 'Both metadata documents say the same',
  severity: 'medium',
  sources: [rfc(8414, '5'), rfc(8414, '3')],
  sets: [],
  needs: {},
  sends: 'A request for openid-configuration and one for oauth-authorization-server.',
  why: 'An app may read either of the two documents in which a server describes itself. Where they differ, some apps use endpoints or keys that nobody watches.',
  repair: 'Serve the same members at both well-known addresses, best from one source.',
  async run(context) {
    const [first, second] = await metadataDocuments(context)
    if (!first) return inconclusive('Neither document could be read.')
    if (!second) return notApplicable(`Only ${first.url} is there.`)
    const different = Object.keys(first.metadata).filter(
      (name) =>
        name in second.metadata && !isDeepStrictEqual(sorted(first.metadata[name]), sorted(second.metadata[name])),
    )
    if (!different.length) return pass('All members that are in both are equal.')
    const text = `They differ in ${different.join(', ')}.`
    return different.some((name) => DECISIVE.test(name)) ? fail(text) : warning(text)
  },
}

/** Lists are sets here. */
const sorted = (value: unknown): unknown => (Array.isArray(value) ? [...value].sort() : value)
