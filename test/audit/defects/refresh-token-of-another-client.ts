import type { Defect } from '../audited-server.js'
import { withAnyClient } from '../bend.js'

export const defect: Defect = { bend: withAnyClient('RefreshToken') }
