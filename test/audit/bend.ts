import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import { signedByClient } from './client-key.js'

/** Serves metadata with other members; `undefined` removes one. */
export const withMetadata = (members: Record<string, unknown>) => (provider: Provider) => {
  provider.use(async (ctx, next) => {
    await next()
    if (/\.well-known\//.test(ctx.path) && ctx.body) ctx.body = { ...(ctx.body as object), ...members }
  })
}

type Model = 'AuthorizationCode' | 'AccessToken' | 'RefreshToken' | 'Session' | 'PushedAuthorizationRequest' | 'Grant'

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
  (Provider.ctx?.oidc.params ?? {}) as Record<string, string | undefined>

/** A code challenge (RFC 7636 §4.2). */
export const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

/** Takes a record for one of the client that asks, and its grant with it. */
export const withAnyClient = (model: 'AuthorizationCode' | 'RefreshToken') => (provider: Provider) => {
  const own = (record: { clientId: string }) => {
    const asking = Provider.ctx?.oidc.client?.clientId
    if (asking) record.clientId = asking
  }
  withRecord(model, own)(provider)
  withRecord('Grant', own)(provider)
}

/** Gives the server another form to read than was sent. @param read `undefined` leaves the request as it is */
export const asForm =
  (
    path: string,
    read: (
      ctx: Pick<KoaContextWithOIDC, 'req' | 'method' | 'querystring'>,
    ) => Promise<string | undefined> | string | undefined,
  ) =>
  (provider: Provider) => {
    provider.use(async (ctx, next) => {
      const form = ctx.path === path ? await read(ctx) : undefined
      if (form !== undefined) {
        ctx.req.headers['content-type'] = 'application/x-www-form-urlencoded'
        ctx.req.headers['content-length'] = `${Buffer.byteLength(form)}`
        const body = Readable.from([Buffer.from(form)])
        Object.defineProperty(ctx.req, 'readable', { get: () => true })
        Object.defineProperty(ctx.req, 'iterator', { value: () => body.iterator() })
      }
      await next()
    })
  }

type Members = Record<string, unknown>

/**
 * Changes the client assertion of a token request as if the client had signed it so.
 * @param change `false` leaves it as it is
 */
export const withChangedAssertion =
  (change: (claims: Members, server: { issuer: string }, header: Members) => unknown) => (provider: Provider) =>
    asForm('/token', async (ctx) => {
      const body = new URLSearchParams(await text(ctx.req))
      const [header = {}, claims = {}] = (body.get('client_assertion') ?? '')
        .split('.', 2)
        .map((part): Members => (part ? JSON.parse(Buffer.from(part, 'base64url').toString()) : {}))
      if (body.has('client_assertion') && change(claims, provider, header) !== false)
        body.set('client_assertion', signedByClient(claims))
      return `${body}`
    })(provider)

/** Takes everybody who names a client for that client, at this endpoint. */
export const withAuthenticationSkipped = (path: string) => (provider: Provider) => {
  asForm(path, async (ctx) => {
    const body = new URLSearchParams(await text(ctx.req))
    const basic = /^Basic (.+)$/.exec(ctx.req.headers.authorization ?? '')?.[1]
    const clientId = body.get('client_id') ?? (basic && atob(basic).split(':')[0]) ?? ''
    const { clientSecret = '' } = (await provider.Client.find(clientId)) ?? {}
    ctx.req.headers.authorization = `Basic ${btoa(`${clientId}:${clientSecret}`)}`
    return `${body}`
  })(provider)
}
