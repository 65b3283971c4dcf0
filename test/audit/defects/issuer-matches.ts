import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { bend: withMetadata({ issuer: 'https://other.invalid' }) }
