import { afterEach, expect, it } from 'vitest'
import { audit, type Result } from '../../src/audit.js'
import { type Defect, errors, startAuditedServer } from './audited-server.js'
import { withMetadata, withRecord } from './bend.js'
import { withCallback, withHeaders, withIdTokens, withKeys, withRedirectUris } from './bend-answers.js'

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(() => server.close())

const METADATA = /\/\.well-known\//
const PAGE = /^\/interaction\//
const csp = (value: string | undefined, frame?: string) =>
  withHeaders(PAGE, { 'content-security-policy': value, 'x-frame-options': frame })

/** Nothing to try an access token at. */
const NO_TOKEN_STATE = { userinfo_endpoint: undefined, introspection_endpoint: undefined }

/** What else a check must tell, besides the defect and the good server of `checks.test.ts`. */
const cases: [id: string, result: Result, observed: RegExp, server: Defect][] = [
  [
    'forwarded-headers-ignored',
    'fail',
    /^Forwarded: token_endpoint became http:\/\/attacker\.invalid/,
    {
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          await next()
          if (METADATA.test(ctx.path) && ctx.get('forwarded'))
            ctx.body = { ...(ctx.body as object), token_endpoint: 'http://attacker.invalid/token' }
        })
      },
    },
  ],
  [
    'forwarded-headers-ignored',
    'pass',
    /X-Forwarded-Host: it refuses the request \(status 421\)/,
    {
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          if (!ctx.get('x-forwarded-host')) return next()
          ctx.status = 421
        })
      },
    },
  ],
  ['metadata-documents-agree', 'warning', /scopes_supported/, { bend: listsMore }],
  ['signing-algorithms-listed', 'warning', /HS256/, listing('id_token_signing_alg_values_supported', ['HS256'])],
  ['signing-algorithms-listed', 'fail', /none/, listing('token_endpoint_auth_signing_alg_values_supported', ['none'])],
  ['jwks-public-keys-only', 'fail', /symmetric/, { bend: withKeys((key) => ({ kid: key['kid'], kty: 'oct' })) }],
  [
    'cors-credentials',
    'fail',
    /^token_endpoint: it allows credentials to all origins/,
    {
      bend: withHeaders(/^\/token$/, {
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
      }),
    },
  ],
  ['sign-in-page-framing', 'fail', /no X-Frame-Options/, { bend: csp(undefined) }],
  ['sign-in-page-framing', 'fail', /ALLOWALL|allowall/, { bend: csp(undefined, 'ALLOWALL') }],
  ['sign-in-page-framing', 'fail', /lets any site in/, { bend: csp('frame-ancestors https:', 'DENY') }],
  ['sign-in-page-framing', 'pass', /deny/i, { bend: csp(undefined, 'DENY, DENY') }],
  ['sign-in-page-framing', 'pass', /'self'/, { bend: csp("frame-ancestors 'self' https://app.example") }],
  ['sign-in-page-referrer-policy', 'warning', /none/, { bend: withHeaders(PAGE, { 'referrer-policy': undefined }) }],
  [
    'strict-transport-security',
    'warning',
    /less than half a year/,
    { tls: true, bend: withHeaders(/^\/auth$/, { 'strict-transport-security': 'max-age=300' }) },
  ],
  [
    'redirect-uri-port',
    'warning',
    /localhost can lead elsewhere/,
    {
      redirectUri: 'http://localhost:5555/callback',
      bend: withRedirectUris((uri, registered) => new URL(uri).pathname === new URL(registered).pathname),
    },
  ],
  [
    'iss-in-responses',
    'fail',
    /^With a code: iss is https:\/\/other\.invalid/,
    {
      bend: withCallback((url) => {
        if (url.searchParams.has('code')) url.searchParams.set('iss', 'https://other.invalid')
      }),
    },
  ],
  [
    'iss-in-responses',
    'warning',
    /iss is missing/,
    {
      bend: (provider) => {
        withMetadata({ authorization_response_iss_parameter_supported: undefined })(provider)
        withCallback((url) => url.searchParams.delete('iss'))(provider)
      },
    },
  ],
  [
    'state-returned',
    'fail',
    /^With an error: it did not come back/,
    {
      bend: withCallback((url) => {
        if (url.searchParams.has('error')) url.searchParams.delete('state')
      }),
    },
  ],
  ['id-token-nonce', 'fail', /another nonce/, claims({ nonce: 'of-somebody-else' })],
  ['id-token-claims', 'fail', /at_hash/, claims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })],
  ['id-token-claims', 'fail', /azp is another-client/, claims({ azp: 'another-client' })],
  ['id-token-claims', 'fail', /iss is https:\/\/other\.invalid/, claims({ iss: 'https://other.invalid' })],
  ['id-token-claims', 'fail', /exp is missing or past/, claims({ exp: 1 })],
  ['id-token-signature', 'fail', /No published key fits/, { bend: withKeys((key) => ({ ...key, kid: 'new' })) }],
  ['auth-time-reported', 'fail', /no number/, claims({ auth_time: '2026-01-01' })],
  ['acr-reported', 'pass', /reports urn:example:other/, claims({ acr: 'urn:example:other' })],
  [
    'password-grant-refused',
    'inconclusive',
    /to a grant type that nobody has/,
    {
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          await next()
          const body = ctx.body as { error?: string }
          if (ctx.path === '/token' && body.error) body.error = 'invalid_grant'
        })
      },
    },
  ],
  [
    // Some servers look at the password first, and at the grants of the client after it.
    'password-grant-refused',
    'warning',
    /Whether a right one gives tokens was not tried/,
    { bend: answersPasswordGrant('invalid_grant') },
  ],
  [
    'grant-not-given',
    'warning',
    /Whether a right one gives tokens was not tried/,
    { client: 'confidential', bend: answersPasswordGrant('invalid_grant') },
  ],
  ['password-grant-refused', 'pass', /refused the client/, { bend: answersPasswordGrant('invalid_client') }],
  ['metadata-content-type', 'pass', /application\/json/, { bend: addsSlash }],
  ['cors-metadata', 'warning', /the redirect to it/, { bend: addsSlash }],
  [
    'prompt-none-without-session',
    'pass',
    /login_required/,
    {
      bend: (provider) => {
        provider.use((ctx, next) => {
          if (ctx.path !== '/auth' || ctx.get('sec-fetch-mode') === 'navigate') return next()
          ctx.body = { redirect: true, url: '/somewhere' }
          return undefined
        })
      },
    },
  ],
  [
    'tokens-after-code-replay',
    'fail',
    /refresh token of the first use still gives tokens/,
    {
      bend: (provider) => {
        withMetadata(NO_TOKEN_STATE)(provider)
        withRecord('AuthorizationCode', (code) => {
          if (code.consumed) throw new errors.InvalidGrant('already used')
        })(provider)
      },
    },
  ],
  ['tokens-after-code-replay', 'inconclusive', /the refresh token has/, { bend: withMetadata(NO_TOKEN_STATE) }],
  ['revocation-ends-tokens', 'inconclusive', /refresh token has ended/, { bend: withMetadata(NO_TOKEN_STATE) }],
  [
    'authorization-parameter-twice',
    'pass',
    /status 400/,
    {
      // It looks at the request when it knows the person, and refuses on a page of its own.
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          if (ctx.path !== '/auth') return next()
          const isSignedIn = ctx.cookies.get('_session') !== undefined
          const names = [...new URLSearchParams(ctx.querystring).keys()]
          if (new Set(names).size === names.length) return next()
          ctx.status = isSignedIn ? 400 : 200
          ctx.type = 'html'
          ctx.body = 'Something is wrong, or somebody has to sign in.'
        })
      },
    },
  ],
  [
    'challenge-required-at-start',
    'warning',
    /the page that an honest request gets/,
    {
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          if (ctx.path !== '/auth') return next()
          ctx.type = 'html'
          ctx.body = '<form><input name="email"></form>'
        })
      },
    },
  ],
  [
    'token-redirect-uri-other',
    'inconclusive',
    /status 500/,
    {
      bend: (provider) => {
        provider.use(async (ctx, next) => {
          await next()
          if (ctx.path === '/token' && ctx.status === 400) ctx.status = 500
        })
      },
    },
  ],
  [
    'post-logout-redirect-uri',
    'fail',
    /^With neither: it redirects/,
    {
      bend: (provider) => {
        provider.use((ctx, next) => {
          const query = new URLSearchParams(ctx.querystring)
          const uri = query.get('post_logout_redirect_uri')
          if (!uri || query.has('client_id') || query.has('id_token_hint')) return next()
          ctx.redirect(uri)
          return undefined
        })
      },
    },
  ],
  [
    'implicit-refused',
    'inconclusive',
    /server_error/,
    {
      bend: (provider) => {
        provider.Client.prototype.responseTypeAllowed = () => {
          throw new errors.OIDCProviderError(400, 'server_error')
        }
      },
      configure: (configuration) => {
        configuration.responseTypes = ['code', 'id_token token']
      },
    },
  ],
]

it.each(cases)('%s: %s, %s', async (id, expected, observed, defect) => {
  server = await startAuditedServer(defect)
  const { results } = await audit({
    issuer: server.issuer,
    clients: server.clients.slice(0, 1),
    browser: server.browser(),
    fetch: server.fetch,
    only: [id],
  })
  expect(results).toHaveLength(1)
  expect(results[0]).toMatchObject({ result: expected, observed: expect.stringMatching(observed) })
})

it.each(['refresh-token-rotation', 'dpop-refresh-key'])(
  'OpenID Connect gives a refresh token only with prompt=consent: %s',
  async (id) => {
    server = await startAuditedServer({
      configure: (configuration) => {
        configuration.issueRefreshToken = async (_ctx, client, source) =>
          client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access')
      },
    })
    const { results } = await audit({
      issuer: server.issuer,
      clients: [{ clientId: 'public', scope: 'openid offline_access' }],
      browser: server.browser(),
      only: [id],
    })
    expect(results).toMatchObject([{ result: 'pass' }])
  },
)

it('a server without metadata is audited by its endpoints', async () => {
  server = await startAuditedServer({
    bend: (provider) => {
      provider.use(async (ctx, next) => {
        if (!ctx.path.startsWith('/.well-known/')) await next()
      })
    },
  })
  const { issuer } = server
  const only = ['issuer-matches', 'missing-verifier', 'code-replay']
  const resultsWith = async (metadata?: Readonly<Record<string, unknown>>) =>
    (await audit({ issuer, metadata, clients: [{ clientId: 'public' }], browser: server.browser(), only })).results.map(
      ({ result }) => result,
    )
  const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` }
  expect(await resultsWith()).toEqual(['inconclusive', 'inconclusive', 'inconclusive'])
  expect(await resultsWith({ issuer, ...endpoints })).toEqual(['inconclusive', 'pass', 'pass'])
})

it('an address that differs by a slash at the end is the typing of whoever runs the audit', async () => {
  server = await startAuditedServer()
  const { results } = await audit({ issuer: `${server.issuer}/`, only: ['issuer-matches'] })
  expect(results[0]).toMatchObject({ result: 'inconclusive', observed: expect.stringContaining('Run it with') })
})

function answersPasswordGrant(error: string): NonNullable<Defect['bend']> {
  return (provider) => {
    withMetadata({ grant_types_supported: undefined })(provider)
    provider.use(async (ctx, next) => {
      await next()
      const body = ctx.body as { error?: string; error_description?: string }
      if (ctx.path !== '/token' || body.error !== 'unsupported_grant_type') return
      const { params } = ctx['oidc'] as { params?: Record<string, unknown> }
      if (params?.['grant_type'] === 'password') body.error = error
    })
  }
}

/** Redirects to the metadata at the same address with a slash at the end. */
function addsSlash(provider: Parameters<NonNullable<Defect['bend']>>[0]): void {
  provider.use(async (ctx, next) => {
    const document = '/.well-known/openid-configuration'
    if (ctx.path === document) return ctx.redirect(`${document}/`)
    if (ctx.path === `${document}/`) ctx.path = document
    await next()
  })
}

function listing(member: string, values: string[]): Defect {
  return { bend: withMetadata({ [member]: ['ES256', ...values] }) }
}

function claims(changed: object): Defect {
  return { bend: withIdTokens((given) => void Object.assign(given, changed)) }
}

function listsMore(provider: Parameters<NonNullable<Defect['bend']>>[0]): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path.endsWith('/openid-configuration')) ctx.body = { ...(ctx.body as object), scopes_supported: ['more'] }
  })
}
