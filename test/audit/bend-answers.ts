import type Provider from 'oidc-provider'

/** Publishes other keys than it signs with. */
export const withKeys =
  (change: (key: Record<string, unknown>) => Record<string, unknown>) =>
  (provider: Provider): void => {
    provider.use(async (ctx, next) => {
      await next()
      if (ctx.path !== '/jwks') return
      const { keys } = ctx.body as { keys: Record<string, unknown>[] }
      ctx.body = { keys: keys.map(change) }
    })
  }

/** Sends other headers from the paths that fit; `undefined` removes one. */
export const withHeaders =
  (path: RegExp, headers: Record<string, string | undefined>) =>
  (provider: Provider): void => {
    provider.use(async (ctx, next) => {
      await next()
      if (!path.test(ctx.path)) return
      for (const [name, value] of Object.entries(headers)) {
        if (value === undefined) ctx.remove(name)
        else ctx.set(name, value)
      }
    })
  }

/** Also takes redirect URIs for which `fits` tells so, of one that is registered. */
export const withRedirectUris =
  (fits: (uri: string, registered: string) => boolean) =>
  (provider: Provider): void => {
    const kept = provider.Client.prototype.redirectUriAllowed
    provider.Client.prototype.redirectUriAllowed = function (uri) {
      return (
        kept.call(this, uri) || (URL.canParse(uri) && this.redirectUris!.some((registered) => fits(uri, registered)))
      )
    }
  }

/** Changes where a redirect away from the server leads. */
export const withCallback =
  (change: (url: URL) => void) =>
  (provider: Provider): void => {
    provider.use(async (ctx, next) => {
      await next()
      const location = `${ctx.response.get('location')}`
      if (!URL.canParse(location) || location.startsWith(provider.issuer)) return
      const url = new URL(location)
      change(url)
      ctx.set('location', url.href)
    })
  }

/** Changes the claims of ID tokens after they were signed. */
export const withIdTokens =
  // biome-ignore lint/suspicious/noExplicitAny: claims are what the test makes of them
    (change: (claims: any) => void) =>
    (provider: Provider): void => {
      provider.use(async (ctx, next) => {
        await next()
        const body = ctx.body as { id_token?: string } | undefined
        if (ctx.path !== '/token' || !body?.id_token) return
        const [header, claims, signature] = body.id_token.split('.')
        const changed = JSON.parse(Buffer.from(claims!, 'base64url').toString())
        change(changed)
        body.id_token = [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.')
      })
    }
