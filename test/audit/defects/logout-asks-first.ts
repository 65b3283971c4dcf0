import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  bend: (provider) => {
    provider.use((ctx, next) => {
      if (ctx.path !== '/session/end') return next()
      ctx.cookies.set('_session', null)
      ctx.body = 'You are signed out.'
      return undefined
    })
  },
}
