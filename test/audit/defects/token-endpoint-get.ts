import type { Defect } from '../audited-server.js'
import { asForm } from '../bend.js'

export const defect: Defect = {
  bend: asForm('/token', (ctx) => {
    if (ctx.method !== 'GET') return undefined
    ctx.method = 'POST'
    return ctx.querystring
  }),
}
