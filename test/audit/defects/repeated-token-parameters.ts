import { text } from 'node:stream/consumers'
import type { Defect } from '../audited-server.js'
import { asForm } from '../bend.js'

export const defect: Defect = {
  // The last of several values wins.
  bend: asForm('/token', async (ctx) => {
    const body = new URLSearchParams(await text(ctx.req))
    for (const [name, value] of [...body]) body.set(name, value)
    return `${body}`
  }),
}
