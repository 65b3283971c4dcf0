import { text } from 'node:stream/consumers'
import type { Defect } from '../audited-server.js'
import { asForm } from '../bend.js'

export const defect: Defect = {
  bend: asForm('/request', async (ctx) => {
    const body = new URLSearchParams(await text(ctx.req))
    body.delete('request_uri')
    return `${body}`
  }),
}
