import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ authorization_response_iss_parameter_supported: undefined }) }
