import OAuthProvider, { AuthorizationError } from '@cloudflare/workers-oauth-provider'

/** The part of a KV namespace that the provider uses, in memory: the runtime alone has no storage. */
function memoryKv() {
  const values = new Map<string, string>()
  return {
    get: async (key: string, options?: { type?: string }) => {
      const value = values.get(key)
      return value === undefined ? null : options?.type === 'json' ? JSON.parse(value) : value
    },
    put: async (key: string, value: string) => void values.set(key, value),
    delete: async (key: string) => void values.delete(key),
    list: async ({ prefix = '' }: { prefix?: string }) => ({
      keys: [...values.keys()].filter((key) => key.startsWith(prefix)).map((name) => ({ name })),
      list_complete: true,
    }),
  }
}

interface Env {
  readonly SETUP: { readonly clients: readonly (object & { readonly clientId: string })[]; readonly user: string }
  readonly OAUTH_KV: ReturnType<typeof memoryKv>
  readonly OAUTH_PROVIDER: import('@cloudflare/workers-oauth-provider').OAuthHelpers
}

const kv = memoryKv()

const provider = (origin: string) =>
  new OAuthProvider<Env>({
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    apiRoute: '/api',
    apiHandler: { fetch: async () => Response.json({ hello: 'ada' }) } as never,
    resourceMetadata: { resource: `${origin}/api` },
    scopesSupported: ['orders'],
    defaultHandler: {
      async fetch(request: Request, env: Env) {
        if (new URL(request.url).pathname !== '/authorize') return new Response('not found', { status: 404 })
        // As its documentation says.
        const wanted = await env.OAUTH_PROVIDER.parseAuthRequest(request).catch((error) => error)
        if (wanted instanceof Error) {
          const { redirectTo } = wanted instanceof AuthorizationError ? wanted : {}
          return redirectTo ? Response.redirect(redirectTo, 302) : new Response(wanted.message, { status: 400 })
        }
        if (request.method === 'GET')
          return new Response('<form method="post"><input name="name"></form>', {
            headers: { 'content-type': 'text/html', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' },
          })
        const userId = (await request.formData()).get('name')
        if (userId !== env.SETUP.user) return new Response('unknown user', { status: 403 })
        const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
          ...{ request: wanted, userId, scope: wanted.scope, metadata: {}, props: {} },
          revokeExistingGrants: false,
        })
        return Response.redirect(redirectTo, 302)
      },
    } as never,
  })

export default {
  async fetch(request: Request, env: Env, context: never): Promise<Response> {
    for (const client of env.SETUP.clients) await kv.put(`client:${client.clientId}`, JSON.stringify(client))
    return provider(new URL(request.url).origin).fetch(request, { ...env, OAUTH_KV: kv } as Env, context)
  },
}
