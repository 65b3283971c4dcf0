import { createHash } from 'node:crypto'
import type Provider from 'oidc-provider'
import ProviderClass from 'oidc-provider'

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

/** Changes the query of each request for this path, before the server reads it. */
export const withQuery = (path: string, change: (query: URLSearchParams) => void) => (provider: Provider) => {
  provider.use(async (ctx, next) => {
    if (ctx.path === path) {
      const query = new URLSearchParams(ctx.querystring)
      change(query)
      ctx.querystring = `${query}`
    }
    await next()
  })
}

/** The parameters of the request that is being answered, as the server parsed them; writable. */
export const parameters = (): Record<string, string | undefined> =>
  (ProviderClass.ctx?.oidc.params ?? {}) as Record<string, string | undefined>

/** A code challenge (RFC 7636 §4.2). */
export const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
