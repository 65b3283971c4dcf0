import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      await next()
      if (ctx.path.includes('/.well-known/')) ctx.type = 'text/html'
    })
  },
}
