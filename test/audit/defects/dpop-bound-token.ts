import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // The userinfo endpoint looks at the token only.
  bend: (provider) => {
    provider.use(async (ctx, next) => {
      if (ctx.path === '/me') {
        delete ctx.req.headers['dpop']
        ctx.req.headers.authorization = ctx.get('authorization').replace(/^DPoP /, 'Bearer ')
      }
      await next()
    })
    withRecord('AccessToken', (token) => {
      token.jkt = undefined
    })(provider)
  },
}
