import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  // Nobody is signed in, so there is nothing to ask, and the server sends the browser on.
  bend: (provider) => {
    provider.use((ctx, next) => {
      const uri = new URLSearchParams(ctx.querystring).get('post_logout_redirect_uri')
      if (ctx.path !== '/session/end' || !uri) return next()
      ctx.redirect(uri)
      return undefined
    })
  },
}
