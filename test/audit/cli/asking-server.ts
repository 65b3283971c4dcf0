import { createHash } from 'node:crypto'
import type Provider from 'oidc-provider'
import { freePort } from '../../helpers/loopback.js'
import { type Defect, startAuditedServer } from '../audited-server.js'

const STYLE = 'body{font:16px sans-serif}'

/** The audited server with a sign-in page of its own, as a person sees it, and clients for a free port of this machine. */
export async function startAskingServer(defect: Defect = {}, coop = false) {
  let signIns = 0
  const redirectUri = `http://127.0.0.1:${await freePort()}/callback`
  const server = await startAuditedServer({
    ...defect,
    configure(configuration) {
      for (const client of configuration.clients ?? []) client.redirect_uris = [redirectUri]
      defect.configure?.(configuration)
    },
    bend(provider) {
      defect.bend?.(provider)
      if (coop)
        provider.use(async (ctx, next) => {
          ctx.set('cross-origin-opener-policy', 'same-origin')
          await next()
        })
      provider.use(signInPage(provider, () => signIns++))
    },
  })
  /** How often somebody has signed in. */
  return { ...server, redirectUri, signIns: () => signIns }
}

const signInPage = (provider: Provider, onSignIn: () => void) =>
  (async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    if (ctx.method === 'POST') {
      onSignIn()
      await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'ada' } })
      ctx.respond = false
      return
    }
    const hash = createHash('sha256').update(STYLE).digest('base64')
    ctx.set('content-security-policy', `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`)
    ctx.type = 'html'
    ctx.body = `<!doctype html><title>Sign in</title><style>${STYLE}</style><form method="post"><button>Sign in</button></form>`
  }) satisfies Parameters<Provider['use']>[0]
