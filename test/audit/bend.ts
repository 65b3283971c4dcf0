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
