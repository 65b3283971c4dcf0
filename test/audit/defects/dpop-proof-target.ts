import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  // A proof that does not fit is taken for none.
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      const [, payload = ''] = ctx.get('dpop').split('.')
      if (ctx.path === '/token' && payload) {
        const { htu, htm } = JSON.parse(Buffer.from(payload, 'base64url').toString())
        if (htu !== `${provider.issuer}/token` || htm !== 'POST') delete ctx.req.headers['dpop']
      }
      await next()
    })
  },
}
