import type Provider from 'oidc-provider'

type Context = Parameters<Parameters<Provider['use']>[0]>[0]

/** The page of a server where people sign in. */
export function createSignInPage(provider: Provider) {
  let signIns = 0
  return async (ctx: Context): Promise<void> => {
    // Whoever is not the person sees a page that asks for a password.
    if (!ctx.cookies.get('person')) return showPage(ctx)
    // The first sign-in was a while ago, and each one is ten seconds after the one before: no test has to wait.
    const ts = Math.floor(Date.now() / 1000) - Math.max(0, 100 - 10 * signIns++)
    await provider.interactionFinished(ctx.req, ctx.res, {
      login: { accountId: 'ada', acr: 'urn:example:password', ts },
      // Whoever signs in agrees as well.
      consent: {},
    })
    ctx.respond = false
  }
}

function showPage(ctx: Context): void {
  ctx.set('cache-control', 'no-store')
  ctx.set('referrer-policy', 'no-referrer')
  ctx.set('content-security-policy', "default-src 'self'; frame-ancestors 'none'")
  ctx.type = 'html'
  ctx.body = '<!doctype html><title>Sign in</title><form method="post"><input type="password" name="password"></form>'
}
