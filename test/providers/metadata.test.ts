import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.js'
import { endpoint } from '../../src/protocol/discovery/endpoint.js'
import { refreshTokens } from '../../src/protocol/token/refresh.js'
import { revokeToken } from '../../src/protocol/token/revoke.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  checkClientAuth,
  checkMetadata,
  clientSecretPost,
  discover,
  type ErrorCode,
  endSessionUrl,
  type ServerMetadata,
} from '../../src/protocol.js'
import { defineProvider } from '../../src/providers.js'
import { refusal } from '../helpers/refusal.js'
import { createApp, documentAt, files, type Row, testDeviations } from './fixtures.js'

/** Serves one document at its issuer's well-known URL. */
function serving(
  metadata: ServerMetadata,
  issuer: string,
  place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
) {
  const asked: string[] = []
  const fetch = async (url: RequestInfo | URL) => {
    asked.push(String(url))
    return String(url) === place ? Response.json(metadata) : new Response(null, { status: 404 })
  }
  return { asked, fetch }
}

function served(...given: Parameters<typeof serving>) {
  const { asked, fetch } = serving(...given)
  return { asked, load: () => discover(given[1], { fetch, insecure: allowInsecureLoopback }) }
}

/** The issuer and the place of the document are two settings; the issuer still has to match. */
const servedElsewhere = (path: string, metadataBase: string) => async () => {
  const document = documentAt(path)
  const provider = defineProvider({ name: path, reason: 'The document is not at its issuer.', metadataBase })
  const { asked, fetch } = serving(document, metadataBase)
  await expect(discover(document.issuer, { fetch, provider })).resolves.toHaveProperty('issuer', document.issuer)
  expect(asked).toEqual([`${metadataBase}/.well-known/openid-configuration`])
  await refusal(discover('https://evil.example', { fetch, provider }), 'issuer_mismatch')
}

const request = {
  clientId: 'app',
  redirectUri: 'https://app.example/callback',
  scope: 'openid',
  insecure: allowInsecureLoopback,
}

/** The issuer that a person would configure, where it is not the document's own, and how the document is refused. */
const REFUSED: Record<string, [issuer: string | undefined, code: ErrorCode, shown: string]> = {
  'entra/metadata-common-v1.json': ['https://login.microsoftonline.com/common', 'issuer_mismatch', 'sts.windows.net'],
  'entra/metadata-common-v2.json': ['https://login.microsoftonline.com/common/v2.0', 'issuer_mismatch', '{tenantid}'],
  'facebook/metadata-limited-login-2021.json': [undefined, 'endpoint_refused', 'token_endpoint is missing'],
  'facebook/metadata.json': [undefined, 'endpoint_refused', 'token_endpoint is missing'],
  'google/metadata-2015.json': ['https://accounts.google.com', 'issuer_mismatch', '"accounts.google.com"'],
  'okta/metadata-org-implicit-only.json': [undefined, 'endpoint_refused', 'token_endpoint is missing'],
}

describe('a document', () => {
  it.each(files(/metadata.*\.json$/))('%s', async (path) => {
    const document = documentAt(path)
    const [issuer = document.issuer, code, shown] = REFUSED[path] ?? []
    const { load } = served(document, issuer)
    if (code) {
      expect((await refusal(load(), code)).message).toContain(shown)
    } else {
      const { url, transaction } = await beginAuthorization(await load(), request)
      expect(url.searchParams.get('code_challenge_method')).toBe('S256')
      expect(url.href.startsWith(document.authorization_endpoint.split('?')[0] as string)).toBe(true)
      expect(transaction.server).toMatchObject({ issuer, token_endpoint: document.token_endpoint })
    }
  })

  it('of a protected resource names its authorization server as that names itself, but for Slack’s', () => {
    const named = files(/protected-resource.*\.json$/).map((path) => {
      const [server] = (documentAt(path) as { authorization_servers?: string[] }).authorization_servers ?? []
      const own = files(/metadata.*\.json$/).filter((other) => other.split('/')[0] === path.split('/')[0])
      return [path, own.some((other) => documentAt(other).issuer === server)]
    })
    expect(named).toHaveLength(5)
    expect(named.filter(([, same]) => !same)).toEqual([['slack/protected-resource-mcp.json', false]])
  })
})

/** The configured issuer is refused with both issuers in the message. */
const mismatch = (path: string, issuer: string) => async () => {
  const document = documentAt(path)
  const { message } = await refusal(served(document, issuer).load(), 'issuer_mismatch')
  expect(message).toBe(`The metadata has the issuer "${document.issuer}", expected "${issuer}".`)
}
const changed = (own: string, issuer: string) => async () => {
  const document = { ...documentAt('stripe/metadata.json'), issuer: own }
  expect((await refusal(served(document, issuer).load(), 'issuer_mismatch')).message).toContain(own)
}
const loads = (path: string) => async () => {
  const document = documentAt(path)
  return (await served(document, document.issuer).load()) as ServerMetadata & Record<string, unknown>
}
const starts = (path: string) => async () => {
  const { url } = await beginAuthorization(await served(documentAt(path), documentAt(path).issuer).load(), request)
  expect(url.searchParams.get('code_challenge_method')).toBe('S256')
}
const signsIn = (metadata: object) => () =>
  expect(createApp({ metadata: { ...metadata } }).client.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
/** Records what is posted. */
function posting(answer: object) {
  const posted: { url: string; body: URLSearchParams }[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    posted.push({ url: String(url), body: new URLSearchParams(init?.body as URLSearchParams) })
    return Response.json(answer)
  }
  return { posted, fetch }
}

const TABLE: Row[] = [
  [
    'entra',
    'common/organizations',
    mismatch('entra/metadata-common-v2.json', 'https://login.microsoftonline.com/common/v2.0'),
  ],
  [
    'entra',
    'an issuer with "{tenantid}"',
    async () => {
      const document = documentAt('entra/metadata-common-v2.json')
      expect(checkMetadata(document, document.issuer).issuer).toContain('{tenantid}')
      await refusal(() => checkMetadata(document, new URL(document.issuer).href), 'issuer_mismatch')
    },
  ],
  [
    'entra',
    'v1: issuer',
    async () => {
      await mismatch('entra/metadata-common-v1.json', 'https://login.microsoftonline.com/common')()
      await servedElsewhere('entra/metadata-common-v1.json', 'https://login.microsoftonline.com/common')()
    },
  ],
  [
    'microsoft-personal',
    'fetched',
    mismatch('microsoft-personal/metadata.json', 'https://login.microsoftonline.com/consumers/v2.0'),
  ],
  [
    'entra-b2c',
    'issuer leaves',
    mismatch('entra-b2c/metadata.json', 'https://tenantname.b2clogin.com/tfp/tenant/policy/v2.0/'),
  ],
  [
    'entra-b2c',
    'endpoints already',
    async () => {
      const document = documentAt('entra-b2c/metadata-query-params.json')
      const { url } = await beginAuthorization(checkMetadata(document, document.issuer), request)
      for (const [name, value] of new URL(document.authorization_endpoint).searchParams)
        expect(url.searchParams.getAll(name)).toEqual([value])
      expect(new URL(document.authorization_endpoint).search).not.toBe('')
    },
  ],
  ['entra-b2c', 'token_endpoint_auth_methods_supported is []', signsIn({ token_endpoint_auth_methods_supported: [] })],
  [
    'google',
    'old document: issuer',
    async () => {
      await mismatch('google/metadata-2015.json', 'https://accounts.google.com')()
      await refusal(() => createClient({ ...request, issuer: 'accounts.google.com' }), 'config_invalid')
    },
  ],
  [
    'slack',
    'mcp.slack.com serves',
    async () => {
      await mismatch('slack/metadata-mcp-authorization-server.json', 'https://mcp.slack.com')()
      await servedElsewhere('slack/metadata-mcp-authorization-server.json', 'https://mcp.slack.com')()
    },
  ],
  [
    'slack',
    'one issuer',
    async () => {
      for (const path of ['slack/metadata.json', 'slack/metadata-mcp-authorization-server.json']) {
        const document = documentAt(path)
        const { transaction } = await beginAuthorization((await loads(path)()) as never, request)
        expect(transaction.server.token_endpoint).toBe(document.token_endpoint)
      }
    },
  ],
  ['facebook', 'MCP:', mismatch('facebook/metadata.json', 'https://mcp.facebook.com/ads')],
  ['clerk', 'proxied', changed('https://clerk.site.example', 'https://site.example')],
  ['wso2', 'issuer is', mismatch('wso2/metadata.json', 'https://localhost:9443')],
  [
    'paypal',
    'document is served',
    async () => {
      const metadata = documentAt('paypal/metadata.json')
      createClient({ ...request, issuer: 'https://www.paypal.com', metadata })
      await servedElsewhere('paypal/metadata.json', 'https://www.paypalobjects.com')()
    },
  ],
  [
    'paypal',
    'the sandbox',
    async () => {
      const { issuer, ...production } = documentAt('paypal/metadata.json')
      const sandbox = { issuer: 'https://www.sandbox.paypal.com', ...production }
      const correctedMetadata = {
        authorization_endpoint: 'https://www.sandbox.paypal.com/signin/authorize',
        token_endpoint: 'https://api-m.sandbox.paypal.com/v1/oauth2/token',
      }
      const provider = defineProvider({ name: 'PayPal sandbox', reason: 'The document lists …', correctedMetadata })
      const { fetch } = serving(sandbox, sandbox.issuer)
      const server = await discover(sandbox.issuer, { fetch, provider })
      expect(server).toMatchObject({ ...correctedMetadata, issuer: sandbox.issuer })
      expect((await discover(sandbox.issuer, { fetch })).token_endpoint).toBe(production.token_endpoint)
    },
  ],
  [
    'auth0',
    'issuer ends',
    async () => {
      const { asked, load } = served(documentAt('auth0/metadata.json'), 'https://tenant.auth0.com/')
      expect((await load()).issuer).toBe('https://tenant.auth0.com/')
      expect(asked).toEqual(['https://tenant.auth0.com/.well-known/openid-configuration'])
    },
  ],
  ['webex', 'issuer depends', changed('https://idbroker-eu.example', 'https://idbroker.example')],
  [
    'github',
    'issuer with a path',
    async () => {
      const place = 'https://github.com/.well-known/oauth-authorization-server/login/oauth'
      const { asked, load } = served(documentAt('github/metadata.json'), 'https://github.com/login/oauth', place)
      await load()
      expect(asked).toEqual(['https://github.com/login/oauth/.well-known/openid-configuration', place])
    },
  ],
  ['sentry', 'protected-resource', 'no document of a protected resource is read: APIs are configured'],
  ['slack', 'the path form', 'no document of a protected resource is read: APIs are configured'],
  ['entra, salesforce', 'no code_challenge', starts('cognito/metadata.json')],
  ['paypal', 'code_challenge_methods', starts('paypal/metadata.json')],
  ['auth0, google', '"plain"', starts('keycloak/metadata-2024.json')],
  ['gitlab', 'public clients', signsIn({ token_endpoint_auth_methods_supported: ['client_secret_basic'] })],
  [
    'pro sante',
    'private_key_jwt',
    // The row's client_must is copied from the row before by mistake. What it asks for: a listed method is not used for
    // being listed. The configured one is, and the others can be withdrawn by data.
    async () => {
      const listed = { token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post'] }
      await signsIn(listed)()
      const document = { ...documentAt('authentik/metadata.json'), ...listed }
      const correctedMetadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
      const provider = defineProvider({ name: 'Pro Santé Connect', reason: 'It does not accept …', correctedMetadata })
      const server = await discover(document.issuer, { ...serving(document, document.issuer), provider })
      checkClientAuth(server, clientSecretPost('secret'))
      const other = { ...clientSecretPost('secret'), method: 'private_key_jwt' }
      await refusal(() => checkClientAuth(server, other), 'client_auth_unsupported')
    },
  ],
  [
    'facebook',
    'subject_types',
    () => {
      const document = {
        ...documentAt('facebook/metadata-limited-login-2021.json'),
        token_endpoint: 'https://graph.facebook.com/token',
      }
      expect(checkMetadata(document, document.issuer)).toMatchObject({ subject_types_supported: expect.any(String) })
    },
  ],
  [
    'facebook',
    'no token_endpoint',
    async () => {
      const metadata = documentAt('facebook/metadata.json')
      const { issuer } = metadata
      const error = await refusal(() => createClient({ ...request, issuer, metadata }), 'endpoint_refused')
      expect(error.message).toContain('token_endpoint')
      createClient({
        ...request,
        issuer,
        metadata: { ...metadata, token_endpoint: 'https://graph.facebook.com/token' },
      })
    },
  ],
  ['okta', 'openid-configuration of', starts('okta/metadata-custom-no-oidc.json')],
  [
    'salesforce',
    'misnamed',
    async () => {
      const server = await loads('ping/metadata-pingfederate.json')()
      expect(server).toHaveProperty('ping_end_session_endpoint')
      expect(endSessionUrl(server, { clientId: 'app' })).toBeUndefined()
      const misnamed = { register_endpoint: 'https://as.example/register' }
      await refusal(() => endpoint(misnamed, 'registration_endpoint'), 'endpoint_refused')
    },
  ],
  ['google', 'old document: id_token_alg', signsIn({ id_token_signing_alg_values_supported: undefined })],
  [
    'apple, auth0',
    'no grant_types',
    async () => {
      const { posted, fetch } = posting({ access_token: 'a', token_type: 'Bearer' })
      await refreshTokens(await loads('apple/metadata.json')(), 'app', 'the-refresh-token', { fetch })
      expect(posted[0]?.body.get('grant_type')).toBe('refresh_token')
    },
  ],
  [
    'notion',
    'revocation_endpoint equals',
    async () => {
      const { posted, fetch } = posting({})
      const server = await loads('notion/metadata.json')()
      await revokeToken(server, 'app', 'the-token', { fetch })
      expect(posted[0]?.url).toBe(server.token_endpoint)
      expect(posted[0]?.body.get('token')).toBe('the-token')
    },
  ],
  ['linear', 'protected-resource members', loads('linear/metadata.json')],
  [
    'cognito',
    'token, keys',
    async () => {
      const document = documentAt('cognito/metadata.json')
      expect(new URL(document.token_endpoint).host).not.toBe(new URL(document.issuer).host)
      await loads('cognito/metadata.json')()
      const plain = { ...document, token_endpoint: 'http://localhost/token' }
      await refusal(() => checkMetadata(plain, document.issuer), 'endpoint_refused')
    },
  ],
  ['docusign', 'scopes_supported', signsIn({ scopes_supported: ['OpenId'] })],
  ['xero', 'no scopes', signsIn({ scopes_supported: undefined })],
  [
    'pingfederate',
    'alg "none"',
    () =>
      refusal(
        createApp({
          metadata: { id_token_signing_alg_values_supported: ['none', 'RS256'] },
          joseHeader: { alg: 'none' },
        }).client.signIn(),
        'id_token_invalid',
      ),
  ],
  [
    'auth0, onelogin',
    'HS256 first',
    async () => {
      const metadata = { id_token_signing_alg_values_supported: ['HS256', 'RS256'] }
      await signsIn(metadata)()
      await refusal(createApp({ metadata, joseHeader: { alg: 'HS256' } }).client.signIn(), 'id_token_invalid')
    },
  ],
  ['globus', 'RS512 only', () => signsInAs('RS512')],
  [
    'adfs',
    'access_token_issuer',
    async () => {
      await loads('adfs/metadata.json')()
      const claims = { iss: 'https://as.example/services/trust' }
      const faults = { metadata: { access_token_issuer: claims.iss }, claims }
      await refusal(createApp(faults).client.signIn(), 'id_token_invalid')
    },
  ],
  [
    'entra',
    'members with value null',
    async () => expect(await loads('entra/metadata-tenant-v2.json')()).toHaveProperty('tenant_region_scope'),
  ],
  [
    'huawei',
    'working endpoints',
    () => {
      const metadata = { ...documentAt('auth0/metadata.json'), end_session_endpoint: 'https://tenant.auth0.com/end' }
      createClient({ ...request, issuer: metadata.issuer, metadata })
      expect(endSessionUrl(metadata, { clientId: 'app' })?.href).toMatch(/^https:\/\/tenant\.auth0\.com\/end\?/)
    },
  ],
]

/** The page does not verify signatures, but the algorithm has to be one that the server lists. */
const signsInAs = async (alg: string) => {
  const metadata = { id_token_signing_alg_values_supported: [alg] }
  const claims = { at_hash: undefined }
  let nonce: string | undefined
  const app = createApp({ metadata, joseHeader: { alg }, claims }, {}, () => {
    nonce = app.sent().searchParams.get('nonce') ?? undefined
    Object.assign(claims, { nonce })
  })
  await expect(app.client.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
}

describe('metadata', () => testDeviations(['metadata'], TABLE))
