import { generateKeyPairSync, verify } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { clientSecretPost, none } from '../../src/protocol.js'
import * as entries from '../../src/providers.js'
import {
  apple,
  appleClientSecret,
  atprotoWithPlainRequests,
  auth0,
  authentik,
  cognito,
  facebook,
  github,
  google,
  hydra,
  keycloak,
  linkedin,
  okta,
  openAuth,
  salesforce,
  slack,
  zitadel,
} from '../../src/providers.js'
import { refusal } from '../helpers/refusal.js'
import { documentAt, textAt } from './fixtures.js'
import { APP, pageWith, type RunningProvider, type Served, signInAtServer, startProvider } from './provider-server.js'

let running: RunningProvider | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const start = async (served: Served) => {
  running = await startProvider(served)
  return running
}
const openid = '/.well-known/openid-configuration'

/** A document at its issuer's well-known URL, and ID tokens of its issuer. */
function served(path: string, more: Partial<Served> = {}): Served {
  const document = documentAt(path)
  return {
    documents: { [document.issuer.replace(/\/$/, '') + openid]: document },
    tokenEndpoint: document.token_endpoint,
    jwksUri: `${document.jwks_uri}`,
    claims: { iss: document.issuer },
    ...more,
  }
}

/** The entries that deviate in nothing that the sign-in depends on, or in metadata only; with the documents that they fit. */
const PLAIN: [name: string, entry: { issuer: string }, document: string, more?: Partial<Served>][] = [
  ['google', google(), 'google/metadata.json', { callback: { scope: 'email', authuser: '0', hd: 'example.com' } }],
  ['auth0', auth0({ domain: 'tenant.auth0.com' }), 'auth0/metadata.json'],
  [
    'auth0 of 2019',
    auth0({ domain: new URL(documentAt('auth0/metadata-2019.json').issuer).host }),
    'auth0/metadata-2019.json',
  ],
  ['okta, org', okta({ domain: new URL(documentAt('okta/metadata-org.json').issuer).host }), 'okta/metadata-org.json'],
  [
    'okta, custom',
    okta({ domain: new URL(documentAt('okta/metadata-custom.json').issuer).host, server: 'default' }),
    'okta/metadata-custom.json',
  ],
  [
    'cognito',
    cognito({
      region: 'eu-west-1',
      userPool: 'eu-west-1_Example00',
      domain: 'tenant.auth.eu-west-1.amazoncognito.com',
    }),
    'cognito/metadata.json',
    { claims: { iss: documentAt('cognito/metadata.json').issuer, token_use: 'id' } },
  ],
  ['zitadel', zitadel({ url: 'https://zitadel.localhost' }), 'zitadel/metadata.json'],
  ['slack', slack(), 'slack/metadata.json', { token: { ok: true } }],
  ['authentik', authentik({ url: 'https://auth.example.com', application: 'app' }), 'authentik/metadata.json'],
  [
    'hydra',
    hydra({ url: 'https://oidc-certification.ory.sh:8443' }),
    'ory-hydra/metadata.json',
    {
      claims: { iss: 'https://oidc-certification.ory.sh:8443/', aud: ['app'] },
      token: { token_type: 'bearer' },
      callback: { scope: 'openid' },
    },
  ],
]

describe('a whole sign-in, by the document of the provider', () => {
  it.each(PLAIN)('%s', async (_, entry, document, more) => {
    expect(entry.issuer).toBe(documentAt(document).issuer)
    const provider = await start(served(document, more))
    const { client, sent } = pageWith(provider, entry)
    expect((await client.signIn())?.claims).toMatchObject({ iss: entry.issuer, sub: 'ada' })
    expect(sent[0]?.href.startsWith(documentAt(document).authorization_endpoint)).toBe(true)
    expect((await signInAtServer(provider, entry)).result.claims?.iss).toBe(entry.issuer)
    expect(provider.tokenRequests()).toHaveLength(2)
  })

  it('keycloak, on a loopback host and elsewhere', async () => {
    const { issuer } = documentAt('keycloak/metadata-2024.json')
    const [url = '', realm = ''] = issuer.split('/realms/')
    expect(keycloak({ url: `${url}/`, realm }).issuer).toBe(issuer)
    expect(keycloak({ url: 'https://sso.example.com/auth', realm: 'a b' }).issuer).toBe(
      'https://sso.example.com/auth/realms/a%20b',
    )
  })
})

describe('google', () => {
  it('asks for a refresh token in its own way', async () => {
    const { client, sent } = pageWith(await start(served('google/metadata.json')), google({ offline: true }))
    await client.signIn()
    expect(Object.fromEntries(sent[0]?.searchParams ?? [])).toMatchObject({ access_type: 'offline', prompt: 'consent' })
    expect(google()).toEqual({ issuer: 'https://accounts.google.com' })
  })
})

/** Signs out of a page; the URL that it goes to. */
async function signOutUrl(provider: RunningProvider, entry: { issuer: string }, events: string[] = []) {
  const urls: string[] = []
  const config = { postLogoutRedirectUri: `${APP}/`, navigate: (url: string) => urls.push(url) }
  const { client } = pageWith(provider, { ...entry, ...config } as never, true)
  client.subscribe(({ type }) => events.push(type))
  await client.signIn()
  await (client as unknown as { signOut(): Promise<void> }).signOut()
  return urls[0] ? new URL(urls[0]) : undefined
}

describe('sign-out', () => {
  it('of auth0 goes to the endpoint that its document lacks, with the parameters of the standard', async () => {
    const provider = await start(served('auth0/metadata.json'))
    const url = await signOutUrl(provider, auth0({ domain: 'tenant.auth0.com' }))
    expect(url?.href.startsWith('https://tenant.auth0.com/oidc/logout?')).toBe(true)
    expect([...(url?.searchParams.keys() ?? [])]).toEqual([
      'client_id',
      'id_token_hint',
      'post_logout_redirect_uri',
      'state',
    ])
    expect(await signOutUrl(provider, { issuer: 'https://tenant.auth0.com/' })).toBeUndefined()
  })

  it('of auth0 goes to the endpoint of its document, where it has one', async () => {
    const document = { ...documentAt('auth0/metadata.json'), end_session_endpoint: 'https://tenant.auth0.com/own' }
    const provider = await start(
      served('auth0/metadata.json', { documents: { [`https://tenant.auth0.com${openid}`]: document } }),
    )
    expect((await signOutUrl(provider, auth0({ domain: 'tenant.auth0.com' })))?.pathname).toBe('/own')
  })

  it('of cognito has parameters of its own, from a page and from a server', async () => {
    const provider = await start(served('cognito/metadata.json'))
    const entry = cognito({
      region: 'eu-west-1',
      userPool: 'eu-west-1_Example00',
      domain: 'tenant.auth.eu-west-1.amazoncognito.com',
    })
    const { client, result } = await signInAtServer(provider, entry)
    const idTokenHint = result.tokens.idToken
    const events: string[] = []
    client.subscribe(({ type }) => events.push(type))
    const response = await client.signOut(new Request(`${APP}/logout`), {
      idTokenHint,
      postLogoutRedirectUri: `${APP}/`,
    })
    // It has no parameter for a hint, so none was left out.
    const page = await signOutUrl(provider, entry, events)
    expect(events.filter((type) => type === 'sign_out_started')).toHaveLength(2)
    expect(events).not.toContain('id_token_hint_omitted')
    for (const url of [page, new URL(`${response.headers.get('location')}`)]) {
      expect(`${url?.origin}${url?.pathname}`).toBe('https://tenant.auth.eu-west-1.amazoncognito.com/logout')
      expect([...(url?.searchParams.keys() ?? [])]).toEqual(['client_id', 'logout_uri', 'state'])
      expect(url?.searchParams.get('logout_uri')).toBe(`${APP}/`)
    }
  })
})

describe('auth0', () => {
  it('names the API by audience', async () => {
    const entry = auth0({ domain: 'tenant.auth0.com', audience: 'https://api.example/' })
    const { client, sent } = pageWith(await start(served('auth0/metadata.json')), entry)
    await client.signIn()
    expect(sent[0]?.searchParams.get('audience')).toBe('https://api.example/')
  })
})

describe('zitadel', () => {
  const url = 'https://zitadel.localhost'
  const claims = { iss: url, aud: ['app', 'other-app', '2000000000'], azp: 'app' }

  it('trusts the project and the applications that are named, and no others', async () => {
    const provider = await start(served('zitadel/metadata.json', { claims }))
    const entry = zitadel({ url, projectId: '2000000000', applications: ['other-app'] })
    await expect(pageWith(provider, entry).client.signIn()).resolves.toBeDefined()
    const error = await refusal(
      pageWith(provider, zitadel({ url, projectId: '2000000000' })).client.signIn(),
      'id_token_invalid',
    )
    expect(error.claim).toBe('aud')
    provider.serve({ claims: { ...claims, azp: 'other-app' } })
    await refusal(pageWith(provider, entry).client.signIn(), 'id_token_invalid')
  })
})

describe('apple', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const secret = { teamId: 'TEAM000000', clientId: 'app', keyId: 'KEY0000000', privateKey: pem }

  it('posts its callback, and gets a secret that is signed for each request', async () => {
    const user = '{"name":{"firstName":"Ada"}}'
    const provider = await start(served('apple/metadata.json', { callback: { user } }))
    const clientAuth = clientSecretPost(appleClientSecret(secret))
    const { sent, cookies, result } = await signInAtServer(provider, {
      ...apple(),
      clientAuth,
      scope: 'openid name email',
    })
    expect(sent.searchParams.get('response_mode')).toBe('form_post')
    expect(cookies[0]).toContain('SameSite=None')
    expect(result.callbackParameters).toEqual({ user })
    const [header = '', payload = '', signature = ''] =
      `${provider.tokenRequests()[0]?.body.get('client_secret')}`.split('.')
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(read(header)).toEqual({ alg: 'ES256', kid: 'KEY0000000' })
    const { iat, exp, ...rest } = read(payload)
    expect(rest).toEqual({ iss: 'TEAM000000', aud: 'https://appleid.apple.com', sub: 'app' })
    expect(exp - iat).toBe(300)
    const bytes = Buffer.from(signature, 'base64url')
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, bytes)).toBe(true)
  })

  it('takes a CryptoKey, and says what is wrong with another key', async () => {
    const { privateKey: key } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])
    expect((await appleClientSecret({ ...secret, privateKey: key })()).split('.')).toHaveLength(3)
    await refusal(() => appleClientSecret({ ...secret, privateKey: 'AuthKey.p8' }), 'config_invalid')
    await refusal(() => appleClientSecret({ ...secret, teamId: '' }), 'config_invalid')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    const error = await refusal(appleClientSecret({ ...secret, privateKey: rsa as string })(), 'config_invalid')
    expect(error.message).not.toContain((rsa as string).slice(40, 60))
  })

  it('is for a server with a secret only', async () => {
    const provider = await start(served('apple/metadata.json'))
    await refusal(() => pageWith(provider, apple() as never), 'config_invalid')
    await refusal(signInAtServer(provider, { ...apple(), clientAuth: none() }), 'config_invalid')
  })
})

describe('github', () => {
  const plain: Served = {
    tokenEndpoint: 'https://github.com/login/oauth/access_token',
    token: { token_type: 'bearer', scope: 'gist,read:user' },
  }

  it('signs in at a server without a request for metadata', async () => {
    const document = documentAt('github/metadata.json')
    expect(github().metadata).toEqual(document)
    const provider = await start(plain)
    const { sent, result } = await signInAtServer(provider, { ...github(), scope: 'gist read:user' })
    expect(sent.href.startsWith(document.authorization_endpoint)).toBe(true)
    expect(result).toMatchObject({ claims: undefined, tokens: { scope: 'gist read:user' } })
    expect(provider.urls()).toEqual([document.token_endpoint])
    expect(provider.tokenRequests()[0]?.headers.get('accept')).toBe('application/json')
  })

  it('refuses a page, openid, and a client without a secret', async () => {
    const provider = await start(plain)
    const page = await refusal(() => pageWith(provider, { ...github(), scope: '' } as never), 'config_invalid')
    expect(page.message).toContain('GitHub is for createServerClient only')
    expect((await refusal(signInAtServer(provider, { ...github() }), 'config_invalid')).message).toContain('openid')
    await refusal(signInAtServer(provider, { ...github(), scope: '', clientAuth: none() }), 'config_invalid')
    expect(provider.asked).toEqual([])
  })

  it('of an enterprise has its host', () =>
    expect(github({ host: 'git.example.com' }).issuer).toBe('https://git.example.com/login/oauth'))
})

describe('facebook', () => {
  it('agrees with the document where that says something', () => {
    const { issuer, jwks_uri, id_token_signing_alg_values_supported } = documentAt('facebook/metadata.json')
    expect(facebook().metadata).toMatchObject({ issuer, jwks_uri, id_token_signing_alg_values_supported })
  })

  it('signs in with code and PKCE', async () => {
    const { metadata, issuer } = facebook({ version: 'v23.0' })
    const claims = { iss: issuer }
    const provider = await start({ tokenEndpoint: metadata.token_endpoint, claims, token: { token_type: 'bearer' } })
    const { client, sent } = pageWith(provider, facebook({ version: 'v23.0' }))
    expect((await client.signIn())?.claims?.sub).toBe('ada')
    expect(sent[0]?.pathname).toBe('/v23.0/dialog/oauth')
    expect(provider.urls()).toEqual(['https://graph.facebook.com/v23.0/oauth/access_token'])
  })
})

describe('linkedin', () => {
  const issuer = 'https://www.linkedin.com/oauth'
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/v2/authorization`,
    token_endpoint: `${issuer}/v2/accessToken`,
    jwks_uri: `${issuer}/openid/jwks`,
  }
  const claims = { iss: issuer, nonce: undefined }
  const at: Served = { documents: { [issuer + openid]: document }, tokenEndpoint: document.token_endpoint, claims }

  it('signs in at a server without the nonce, which still is sent', async () => {
    const { sent, result } = await signInAtServer(await start(at), linkedin())
    expect(sent.searchParams.get('nonce')).toMatch(/^[\w-]{43}$/)
    expect(sent.searchParams.get('code_challenge_method')).toBe('S256')
    expect(result.claims?.sub).toBe('ada')
  })

  it('refuses a nonce that is present and differs', async () => {
    for (const nonce of ['of another sign-in', '', null, 0]) {
      const provider = await start({ ...at, claims: { ...claims, nonce } })
      expect((await refusal(signInAtServer(provider, linkedin()), 'id_token_invalid')).claim).toBe('nonce')
      await provider.close()
    }
    running = undefined
  })

  it('refuses an old ID token, which only its age gives away', async () => {
    const day = 86_400
    const iat = Math.floor(Date.now() / 1000) - 2 * day
    const provider = await start({ ...at, claims: { ...claims, iat, exp: iat + 90 * day } })
    expect((await refusal(signInAtServer(provider, linkedin()), 'id_token_invalid')).claim).toBe('iat')
  })

  it('still requires an ID token', async () => {
    const provider = await start({ ...at, claims: undefined })
    await refusal(signInAtServer(provider, linkedin()), 'id_token_invalid')
  })

  it('is refused in a page, with and without a session, also from JavaScript', async () => {
    const provider = await start(at)
    for (const session of [false, true]) {
      const error = await refusal(() => pageWith(provider, linkedin() as never, session), 'config_invalid')
      expect(error.message).toContain('LinkedIn is for createServerClient only')
    }
    // Nothing that it holds is a provider that another client takes.
    for (const held of Object.values(linkedin().provider).filter(Boolean))
      await refusal(() => pageWith(provider, { issuer, provider: held } as never), 'config_invalid')
  })

  it('is what accepts the missing nonce: without it the server refuses', async () => {
    const provider = await start(at)
    const error = await refusal(signInAtServer(provider, { issuer }), 'id_token_invalid')
    expect([error.claim, error.message]).toEqual(['nonce', 'The ID token was rejected: its nonce is missing.'])
    await refusal(pageWith(provider, { issuer }).client.signIn(), 'id_token_invalid')
  })
})

describe.each([
  ['salesforce', salesforce()],
  ['openAuth', openAuth({ url: 'https://auth.example.com' })],
])('%s', (_, entry) => {
  const { issuer } = entry
  const document = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` }
  const at: Served = {
    documents: { [issuer + openid]: document },
    tokenEndpoint: document.token_endpoint,
    token: { token_type: undefined, refresh_token: 'r' },
  }

  it('takes a token response without token_type as a bearer token, also of a refresh', async () => {
    const provider = await start(at)
    const page = pageWith(provider, { ...entry, scope: '' })
    expect((await page.client.signIn())?.tokens.tokenType).toBe('bearer')
    const { client, result } = await signInAtServer(provider, { ...entry, scope: '' })
    expect(result.tokens.tokenType).toBe('bearer')
    expect((await client.refresh('r')).tokens.tokenType).toBe('bearer')
  })

  it('refuses another type, an answer without access token, and, without the entry, the same', async () => {
    const provider = await start(at)
    await refusal(pageWith(provider, { issuer, scope: '' }).client.signIn(), 'token_response_invalid')
    for (const token of [
      { token_type: 'mac' },
      { token_type: null },
      { access_token: undefined, token_type: undefined },
    ]) {
      provider.serve({ token })
      await refusal(pageWith(provider, { ...entry, scope: '' }).client.signIn(), 'token_response_invalid')
    }
  })
})

describe('atprotoWithPlainRequests', () => {
  it('sends a plain request, which the document alone forbids', async () => {
    const issuer = 'https://pds.example.com'
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      require_pushed_authorization_requests: true,
    }
    const place = `${issuer}/.well-known/oauth-authorization-server`
    const provider = await start({ documents: { [place]: document }, tokenEndpoint: document.token_endpoint })
    await refusal(pageWith(provider, { issuer, scope: 'atproto' }).client.signIn(), 'not_supported')
    const { client, sent } = pageWith(provider, { ...atprotoWithPlainRequests({ url: issuer }), scope: 'atproto' })
    await expect(client.signIn()).resolves.toBeDefined()
    expect(sent[0]?.searchParams.has('code_challenge')).toBe(true)
  })
})

describe('the options of the entries', () => {
  it.each([
    ['auth0', () => auth0({ domain: 'https://tenant.auth0.com' })],
    ['auth0', () => auth0({ domain: 'tenant.auth0.com/' })],
    ['auth0', () => auth0({ domain: 'user@evil.example' })],
    ['okta', () => okta({ domain: 'example.okta.com', server: '' })],
    ['keycloak', () => keycloak({ url: 'sso.example.com', realm: 'r' })],
    ['keycloak', () => keycloak({ url: 'https://sso.example.com', realm: '..' })],
    ['keycloak', () => keycloak({ url: 'https://sso.example.com?x', realm: 'r' })],
    ['cognito', () => cognito({ region: 'eu/west', userPool: 'p', domain: 'd.example' })],
    ['cognito', () => cognito({ region: 'eu-west-1', userPool: '', domain: 'd.example' })],
    ['hydra', () => hydra({ url: '' })],
    ['github', () => github({ host: 'https://github.com' })],
  ])('of %s are checked', async (_, make) => {
    await refusal(make, 'config_invalid')
  })

  it('are documented for every entry', () => {
    const docs = textAt('../../docs/providers/index.md')
    for (const name of Object.keys(entries).filter((name) => !/Error$/.test(name)))
      expect(docs).toMatch(new RegExp(`\\b${name}\\(`))
  })
})

it.each([openAuth, atprotoWithPlainRequests])('the url is the issuer, also with a slash: %o', (entry) => {
  for (const url of ['https://auth.example.com', 'https://auth.example.com/', 'https://auth.example.com/realm/'])
    expect(entry({ url }).issuer).toBe(url)
})
