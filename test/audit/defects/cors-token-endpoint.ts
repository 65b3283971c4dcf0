import type { Defect } from '../audited-server.js'
import { withHeaders } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  bend: withHeaders(/^\/token$/, { 'access-control-allow-origin': undefined }),
}
