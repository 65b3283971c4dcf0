import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  client: 'confidential',
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      const { client_id: id, client_secret: secret } = ctx.query
      if (ctx.path === '/token' && secret) ctx.req.headers.authorization = `Basic ${btoa(`${id}:${secret}`)}`
      await next()
    })
  },
}
