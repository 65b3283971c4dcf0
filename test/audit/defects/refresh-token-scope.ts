import type { Defect } from '../audited-server.js'
import { parameters, withRecord } from '../bend.js'

export const defect: Defect = {
  bend: (provider) => {
    const wider = (record: { scope?: string; addOIDCScope?: (scope: string) => void }) => {
      const { scope, grant_type: grantType } = parameters()
      if (grantType !== 'refresh_token' || !scope) return
      if (record.addOIDCScope) record.addOIDCScope(scope)
      else record.scope = scope
    }
    withRecord('RefreshToken', wider)(provider)
    withRecord('Grant', wider)(provider)
  },
}
