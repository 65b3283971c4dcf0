import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import type { HttpRequest, HttpResponse } from '../../run/http.js'
import { metadataUrls, readDocument } from '../../run/metadata.js'
import { rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'

const ORIGIN = 'https://app.invalid'

export const corsMetadata: AuditCheck = {
  id: 'cors-metadata',
  title: 'Apps in a browser can read the metadata and the keys',
  severity: 'info',
  sources: [rfc(9700, '2.6')],
  sets: [],
  needs: {},
  sends: 'A request for the metadata and one for the keys, with the Origin of an app.',
  why: 'Both are public, and apps in a browser need them to check what they get. Where they cannot read them, such apps carry copies that grow old.',
  repair: 'Send Access-Control-Allow-Origin: * with the metadata and the JWKS.',
  async run(context) {
    const keys = context.metadata['jwks_uri']
    const readable = async (url: string) => {
      const answers: HttpResponse[] = []
      const send = async (request: HttpRequest) => {
        const response = await context.send(request)
        answers.push(response)
        return response
      }
      const { status } = await readDocument(send, { url, headers: { origin: ORIGIN } })
      if (status !== 200) return inconclusive(`status ${status}.`)
      // A browser gives up at a redirect that does not allow the origin either.
      return answers.every(({ headers }) => ['*', ORIGIN].includes(headers.get('access-control-allow-origin') ?? ''))
        ? pass('readable.')
        : warning(`${answers.length > 1 ? 'it or the redirect to it' : 'it'} has no Access-Control-Allow-Origin.`)
    }
    const { openid, oauth } = metadataUrls(context.issuer)
    return tryVariants({
      metadata: async () => {
        const first = await readable(openid)
        return first.result === 'inconclusive' ? readable(oauth) : first
      },
      ...(typeof keys === 'string' && { keys: () => readable(keys) }),
    })
  },
}
