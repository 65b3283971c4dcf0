import { text } from 'node:stream/consumers'
import type { Defect } from '../audited-server.js'
import { asForm } from '../bend.js'

export const defect: Defect = {
  bend: asForm('/token', async (ctx) => (ctx.querystring ? `${await text(ctx.req)}&${ctx.querystring}` : undefined)),
}
