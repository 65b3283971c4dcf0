import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = {
  bend: withMetadata({ code_challenge_methods_supported: ['S256', 'plain'] }),
}
