import { randomToken } from '../../../crypto/random.js'
import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { metadataUrls, readDocument } from '../../run/metadata.js'
import { rfc } from '../../sources.js'
import { tryVariants } from '../variants.js'
import { endpointsOf } from './documents.js'

const HOST = 'attacker.invalid'

export const forwardedHeadersIgnored: AuditCheck = {
  id: 'forwarded-headers-ignored',
  title: 'A request’s own X-Forwarded headers do not change the metadata',
  severity: 'high',
  sources: [rfc(9700, '4.4'), rfc(8414, '6.2')],
  sets: ['rfc9700'],
  needs: {},
  sends: 'A request for the metadata with X-Forwarded-Host, X-Forwarded-Proto and Forwarded naming another address.',
  why: 'Whoever asks can then decide which addresses the server gives out. If a cache keeps one such answer, every app sends its people and codes to the attacker.',
  repair:
    'Let the outermost proxy overwrite these headers, and let the server trust them from that proxy only; or set the server’s external address.',
  async run(context) {
    const { issuer } = context
    const scheme = issuer.startsWith('https:') ? 'http' : 'https'
    const given: Record<string, Record<string, string>> = {
      'X-Forwarded-Host': { 'x-forwarded-host': HOST },
      'X-Forwarded-Proto': { 'x-forwarded-proto': scheme },
      Forwarded: { forwarded: `for=192.0.2.1;host=${HOST};proto=${scheme}` },
    }
    const { openid, oauth } = metadataUrls(issuer)
    /** No cache may keep an answer that apps would get. */
    const read = (url: string, headers = {}) =>
      readDocument(context.send, {
        url: `${url}?proofkey-audit=${randomToken()}`,
        headers: { ...headers, 'cache-control': 'no-cache' },
      })
    let url = openid
    let plain = await read(url)
    if (!plain.json) {
      url = oauth
      plain = await read(url)
    }
    if (plain.status !== 200 || !plain.json) return inconclusive('No metadata document could be read.')
    const before = new Map(endpointsOf(plain.json))
    return tryVariants(
      Object.fromEntries(
        Object.entries(given).map(([name, headers]) => [
          name,
          async () => {
            const { status, json, location } = await read(url, headers)
            if (location?.hostname === HOST) return fail(`it redirects to ${location.origin}.`)
            if (status >= 400 && status < 500) return pass(`it refuses the request (status ${status}).`)
            if (status !== 200 || !json) return inconclusive(`it answered with status ${status}.`)
            const changed = endpointsOf(json).filter(
              ([member, address]) =>
                before.get(member) !== address && (address.includes(HOST) || address.startsWith(`${scheme}:`)),
            )
            return changed.length
              ? fail(`${changed.map(([member, address]) => `${member} became ${address}`).join(', ')}.`)
              : pass('nothing changed.')
          },
        ]),
      ),
    )
  },
}
