import type { Defect } from '../audited-server.js'
import { withKeys } from '../bend-answers.js'

export const defect: Defect = { bend: withKeys((key) => ({ ...key, d: 'the-private-exponent-of-the-key' })) }
