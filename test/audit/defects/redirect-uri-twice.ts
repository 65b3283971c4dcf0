import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  // A filter in front of the server lets only the first one through; the page that sends people back uses the last.
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      const given = new URLSearchParams(ctx.querystring).getAll('redirect_uri')
      if (given.length < 2) return next()
      const query = new URLSearchParams(ctx.querystring)
      query.set('redirect_uri', given[0]!)
      ctx.querystring = `${query}`
      await next()
      const location = `${ctx.response.get('location')}`
      if (location.startsWith(given[0]!)) ctx.set('location', location.replace(given[0]!, given.at(-1)!))
    })
  },
}
