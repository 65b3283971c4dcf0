import type { Defect } from '../audited-server.js'
import { withHeaders } from '../bend-answers.js'

export const defect: Defect = { bend: withHeaders(/^\/interaction\//, { 'referrer-policy': 'unsafe-url' }) }
