import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ id_token_signing_alg_values_supported: ['RS256', 'none'] }) }
