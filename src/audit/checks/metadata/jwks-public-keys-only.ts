import { type AuditCheck, fail, inconclusive, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { nameOf, publishedKeys } from './jwks.js'

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

export const jwksPublicKeysOnly: AuditCheck = {
  id: 'jwks-public-keys-only',
  title: 'The published keys have no private part',
  severity: 'high',
  sources: [rfc(8725, '3.5'), rfc(7517, '9.2'), rfc(8414, '2')],
  sets: ['rfc9700', 'fapi2'],
  needs: { metadata: ['jwks_uri'] },
  sends: 'A request for the published keys.',
  why: 'The private part of a key signs tokens. Once it is published, anyone can sign in as anybody.',
  repair:
    'Replace the keys at once, because they must be taken for stolen. Then publish public members only, and no symmetric keys.',
  async run(context) {
    const keys = await publishedKeys(context)
    if (!keys.length) return inconclusive('The list of keys is empty.')
    const found = keys.flatMap((key, index) => {
      if (key['kty'] === 'oct') return [`${nameOf(key, index)} is symmetric`]
      const members = PRIVATE.filter((name) => key[name] !== undefined)
      return members.length ? [`${nameOf(key, index)} contains ${members.join(', ')}`] : []
    })
    return found.length ? fail(`${found.join('; ')}.`) : pass(`All ${keys.length} keys are public.`)
  },
}
