import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { metadataDocuments } from './documents.js'

export const issuerMatches: AuditCheck = {
  id: 'issuer-matches',
  title: 'The issuer in the metadata is the address that apps are configured with',
  severity: 'medium',
  sources: [rfc(8414, '3.3'), rfc(9700, '4.4')],
  sets: ['rfc9700', 'fapi2'],
  needs: {},
  sends: 'A request for each metadata document.',
  why: 'Apps tell servers apart by this name. Where it differs from the address, careful apps refuse the server, and others can be led to send a code to the wrong one.',
  repair: 'Set the issuer to the address that apps use, character by character, and serve the document there.',
  async run(context) {
    const documents = await metadataDocuments(context)
    if (!documents.length) return inconclusive('No metadata document could be read.')
    const other = documents.find(({ metadata }) => metadata['issuer'] !== context.issuer)
    if (!other) return pass(`The issuer is ${context.issuer}.`)
    const issuer = `${other.metadata['issuer']}`
    // The address is typed by hand, and both forms lead to the same document.
    if (withoutSlash(issuer) === withoutSlash(context.issuer))
      return inconclusive(
        `The issuer is ${issuer}, the audit was given ${context.issuer}. Run it with the address that the apps are configured with.`,
      )
    return fail(`${other.url} names the issuer ${issuer}, not ${context.issuer}.`)
  },
}

const withoutSlash = (url: string) => url.replace(/\/$/, '')
