import type { Defect } from '../audited-server.js'
import { parameters, withRecord } from '../bend.js'

export const defect: Defect = {
  // The request is read as one of the client that asks.
  bend: withRecord('PushedAuthorizationRequest', (record) => {
    const [, payload = ''] = record.request.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    claims.client_id = claims.iss = parameters()['client_id']
    record.request = record.request.replace(payload, Buffer.from(JSON.stringify(claims)).toString('base64url'))
  }),
}
