import type { Defect } from '../audited-server.js'
import { withChangedAssertion } from '../bend.js'

export const defect: Defect = {
  client: 'assertion',
  bend: withChangedAssertion((claims) => {
    claims['sub'] = claims['iss']
  }),
}
