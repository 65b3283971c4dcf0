import { type AuditCheck, inconclusive, pass, warning } from '../../check.js'
import { metadataUrls } from '../../run/metadata.js'
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
      const { status, headers } = await context.send({ url, headers: { origin: ORIGIN } })
      if (status !== 200) return inconclusive(`status ${status}.`)
      const allowed = headers.get('access-control-allow-origin')
      return allowed === '*' || allowed === ORIGIN
        ? pass('readable.')
        : warning('it has no Access-Control-Allow-Origin.')
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
