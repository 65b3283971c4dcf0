import type { Defect } from '../audited-server.js'
import { s256, withQuery } from '../bend.js'

export const defect: Defect = {
  // The same as `plain`: the verifier is the challenge.
  bend: withQuery('/auth', (query) => {
    if (query.get('code_challenge_method') !== 'plain') return
    query.set('code_challenge', s256(`${query.get('code_challenge')}`))
    query.set('code_challenge_method', 'S256')
  }),
}
