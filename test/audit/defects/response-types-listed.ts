import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ response_types_supported: ['code', 'id_token token'] }) }
