import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

export const defect: Defect = {
  bend: withMetadata({ token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'] }),
}
