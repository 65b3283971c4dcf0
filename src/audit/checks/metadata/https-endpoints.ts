import { isLoopback } from '../../../protocol/discovery/endpoint.js'
import { type AuditCheck, fail, notApplicable, pass } from '../../check.js'
import { fapi2, rfc } from '../../sources.js'
import { endpointsOf } from './documents.js'

export const httpsEndpoints: AuditCheck = {
  id: 'https-endpoints',
  title: 'All endpoints are reached over https',
  severity: 'high',
  sources: [rfc(8414, '2'), rfc(6749, '3.1'), rfc(9700, '2.6'), fapi2('5.2.1')],
  sets: ['rfc9700', 'fapi2'],
  needs: {},
  sends: 'Nothing; it reads the addresses in the metadata.',
  why: 'Passwords, codes and tokens pass through these addresses. Over plain http, anyone on the way can read and change them.',
  repair: 'Serve every endpoint over https, and name it so in the metadata; behind a proxy, set the external address.',
  async run({ issuer, metadata }) {
    const endpoints = endpointsOf(metadata)
    const url = new URL(issuer)
    if (url.protocol === 'http:' && isLoopback(url)) return notApplicable('The server runs on this machine, over http.')
    const plain = endpoints.filter(([, address]) => !address.startsWith('https://'))
    return plain.length
      ? fail(`Not https: ${plain.map(([name, address]) => `${name} (${address})`).join(', ')}.`)
      : pass(`All ${endpoints.length} addresses use https.`)
  },
}
