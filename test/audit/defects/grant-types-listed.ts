import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ grant_types_supported: ['authorization_code', 'password'] }) }
