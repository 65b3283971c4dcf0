import type { Defect } from '../audited-server.js'
import { withHeaders } from '../bend-answers.js'

export const defect: Defect = {
  bend: withHeaders(/^\/me$/, {
    'access-control-allow-origin': 'https://attacker.invalid',
    'access-control-allow-credentials': 'true',
  }),
}
