import Provider from 'oidc-provider'
import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // What the request says is taken for what was registered with the code.
  bend: withRecord('AuthorizationCode', (code) => {
    code.redirectUri = Provider.ctx?.oidc.params?.['redirect_uri'] ?? code.redirectUri
  }),
}
