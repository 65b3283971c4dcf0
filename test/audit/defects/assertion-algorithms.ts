import type { Defect } from '../audited-server.js'
import { withChangedAssertion } from '../bend.js'

export const defect: Defect = {
  client: 'assertion',
  // Whatever is in the header is taken for the registered algorithm, and `none` needs no signature.
  bend: withChangedAssertion((_claims, _server, header) => /^none$/i.test(`${header['alg']}`)),
}
