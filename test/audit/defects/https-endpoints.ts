import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = { tls: true, bend: withMetadata({ userinfo_endpoint: 'http://127.0.0.1/me' }) }
