import type { Defect } from '../audited-server.js'
import { withHeaders } from '../bend-answers.js'

export const defect: Defect = { tls: true, bend: withHeaders(/^\/auth$/, { 'strict-transport-security': undefined }) }
