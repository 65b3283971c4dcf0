import type Provider from 'oidc-provider'

/** Serves metadata with other members; `undefined` removes one. */
export const withMetadata = (members: Record<string, unknown>) => (provider: Provider) => {
  provider.use(async (ctx, next) => {
    await next()
    if (/\.well-known\//.test(ctx.path) && ctx.body) ctx.body = { ...(ctx.body as object), ...members }
  })
}

type Model = 'AuthorizationCode' | 'AccessToken' | 'RefreshToken' | 'Session' | 'PushedAuthorizationRequest'

/** Changes each record of a model when it is loaded. */
export const withRecord =
  // biome-ignore lint/suspicious/noExplicitAny: the records of oidc-provider have members that its types do not tell
  (model: Model, change: (record: any) => void) => (provider: Provider) => {
    const kept = provider[model].find.bind(provider[model])
    // biome-ignore lint/suspicious/noExplicitAny: each model's find has a type of its own
    provider[model].find = (async (...given: any[]) => {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      const record = await (kept as any)(...given)
      if (record) change(record)
      return record
      // biome-ignore lint/suspicious/noExplicitAny: as above
    }) as any
  }

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
