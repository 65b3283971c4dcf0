import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // It says a minute, and means an hour.
  bend: (provider) => {
    const { save } = provider.PushedAuthorizationRequest.prototype
    provider.PushedAuthorizationRequest.prototype.save = function () {
      return save.call(this, 3600)
    }
    withRecord('PushedAuthorizationRequest', (record) => {
      const [, payload = ''] = record.request.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      claims.exp += 3600
      record.request = record.request.replace(payload, Buffer.from(JSON.stringify(claims)).toString('base64url'))
    })(provider)
  },
}
