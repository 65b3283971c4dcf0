import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ pushed_authorization_request_endpoint: undefined }) }
