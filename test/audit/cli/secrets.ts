import type Provider from 'oidc-provider'

const NAMES =
  /^(code|code_verifier|client_secret|client_assertion|access_token|refresh_token|id_token|token|request_uri|id_token_hint)$/

/** Values that nobody made up to be guessed, and no parts of other words. */
const LEAST = 16

/** Collects at the server every secret that a request or a response holds. */
export function collectSecrets() {
  const secrets = new Set<string>()
  const challenges = new Set<string>()
  const tokens = { access_token: new Set<string>(), refresh_token: new Set<string>() }
  const add = (members: Iterable<[string, unknown]>) => {
    for (const [name, value] of members)
      if (NAMES.test(name) && typeof value === 'string' && value.length >= LEAST) secrets.add(value)
  }

  function bend(provider: Provider): void {
    provider.use(async (ctx, next) => {
      await next()
      const query = new URLSearchParams(ctx.querystring)
      add(query)
      // A verifier that is its own challenge, as an attack sends it, stood in a URL before.
      const challenge = query.get('code_challenge')
      if (challenge) challenges.add(challenge)
      add(Object.entries((ctx['oidc']?.body ?? {}) as object))
      const dpop = ctx.get('dpop')
      if (dpop) secrets.add(dpop)
      const [, credentials] = /^\S+ (.{16,})$/.exec(ctx.get('authorization')) ?? []
      if (credentials) secrets.add(credentials)
      const location = ctx.response.get('location')
      if (URL.canParse(location)) {
        const { search, hash } = new URL(location)
        add(new URLSearchParams(search))
        add(new URLSearchParams(hash.slice(1)))
      }
      if (typeof ctx.body !== 'object' || ctx.body === null || ctx.body instanceof Buffer) return
      add(Object.entries(ctx.body))
      for (const [name, kept] of Object.entries(tokens)) {
        const token = (ctx.body as Record<string, unknown>)[name]
        if (ctx.path === '/token' && typeof token === 'string') kept.add(token)
      }
    })
  }
  return { secrets: () => [...secrets].filter((secret) => !challenges.has(secret)), tokens, bend }
}

/** The secrets that appear in a text: as they are, percent-encoded, or in base64. */
export function found(secrets: Iterable<string>, text: string): string[] {
  return [...secrets].filter((secret) => formsOf(secret).some((form) => text.includes(form)))
}

function formsOf(secret: string): string[] {
  // The characters of base64 that depend on the secret alone.
  const inside = [0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${secret}`).toString('base64url')
    return encoded.slice(before && 4, -2)
  })
  const base64 = inside.map((form) => form.replaceAll('-', '+').replaceAll('_', '/'))
  return [secret, encodeURIComponent(secret), ...inside, ...base64]
}
