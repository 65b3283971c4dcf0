import type { Defect } from '../audited-server.js'
import { s256, withQuery } from '../bend.js'

export const defect: Defect = {
  // What RFC 7636 says: without a method it is `plain`.
  bend: withQuery('/auth', (query) => {
    if (!query.get('code_challenge') || query.has('code_challenge_method')) return
    query.set('code_challenge', s256(`${query.get('code_challenge')}`))
    query.set('code_challenge_method', 'S256')
  }),
}
