import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      await next()
      if (ctx.path.endsWith('/oauth-authorization-server'))
        ctx.body = { ...(ctx.body as object), token_endpoint: `${provider.issuer}/old-token` }
    })
  },
}
