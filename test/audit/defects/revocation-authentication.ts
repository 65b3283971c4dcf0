import type { Defect } from '../audited-server.js'
import { withAuthenticationSkipped } from '../bend.js'

export const defect: Defect = { client: 'confidential', bend: withAuthenticationSkipped('/token/revocation') }
