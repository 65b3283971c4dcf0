import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createSigningKey } from '../../src/crypto/signing-key.js'
import { type ProofkeyError, revealServerError } from '../../src/errors.js'
import { serverRules } from '../../src/protocol/provider.js'
import { createDpop } from '../../src/protocol/token/dpop.js'
import { refreshTokens } from '../../src/protocol/token/refresh.js'
import { type ClientAuth, clientSecretBasicWithoutEncoding, clientSecretPost } from '../../src/protocol.js'
import {
  appleClientSecret,
  defineProvider,
  entra,
  entraB2c,
  linkedin,
  salesforce,
  type UncheckedClaims,
} from '../../src/providers.js'
import { clientSecretBasic } from '../../src/server.js'
import { refusal } from '../helpers/refusal.js'
import { answered, NONCE, type TokenAnswer } from '../helpers/token-answer.js'

const folder = import.meta.dirname
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))

interface Row {
  readonly provider: string
  readonly where: string
  readonly deviation: string
}
const rows = (read('deviations.json') as Row[]).filter(({ where }) => ['token', 'id_token', 'refresh'].includes(where))

/** The answer of a file; its ID token is a placeholder, so an honest one is put in its place. */
function fileAnswer(file: string, more: Partial<TokenAnswer> = {}) {
  const { status, content_type: contentType, headers, body } = read(file)
  const claims = body.id_token && { ...more.claims }
  const scope = body.id_token ? 'openid profile' : 'orders'
  return answered({ scope, status, contentType, headers, body, ...more, claims })
}
const bearer = { access_token: 'the-access-token', token_type: 'Bearer' }
const answer = (body: object, more: Partial<TokenAnswer> = {}) => answered({ body: { ...bearer, ...body }, ...more })
const openid = (claims: object, more: Partial<TokenAnswer> = {}) =>
  answer({}, { scope: 'openid', claims: claims as Record<string, unknown>, ...more }).grant
const refused = (more: Partial<TokenAnswer>, text: string, code = 'token_response_invalid' as const) =>
  refusal(answered({ body: '', ...more }).grant, code).then((error) => expect(error.message).toContain(text))
const serverError = async (work: Promise<unknown>, error: string) => {
  const refused = await refusal(work, 'token_request_refused')
  expect(refused.serverError?.error).toBe(error)
  return refused
}
const dpopWith = async (fetch: typeof globalThis.fetch) => {
  const key = await createSigningKey()
  const dpop = createDpop(async () => key)
  dpop.addClient('["https://as.example","spa"]', fetch)
  return dpop
}
const server = { issuer: 'https://as.example', token_endpoint: 'https://as.example/token' } as never
const refreshed = (body: object, status = 200) =>
  refreshTokens(server, 'spa', 'the-old-one', { fetch: async () => Response.json(body, { status }) })

/** As consoles show it. */
const told = ({ message, hint }: ProofkeyError) => `${message} ${hint}`

/** What a file's answer comes to. */
const files: Record<string, () => Promise<unknown>> = {
  'adfs/token-response.json': async () => {
    const { tokens } = await fileAnswer('adfs/token-response.json').grant
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_500_000)
    expect(tokens.scope).toBe('r1/scope1 r1/scope2')
    expect(tokens.other).toEqual({ id_token_expires_in: '3600' })
  },
  'auth0/token-error.json': () => serverError(fileAnswer('auth0/token-error.json').grant, 'invalid_grant'),
  'entra-b2c/token-response-without-access-token.json': async () => {
    const { grant } = fileAnswer('entra-b2c/token-response-without-access-token.json')
    expect(told(await refusal(grant, 'token_response_invalid'))).toBe(
      'The token response was rejected: its access_token is missing. Request a scope of an API too.',
    )
  },
  'entra/token-error-client.json': async () => {
    const error = await serverError(fileAnswer('entra/token-error-client.json').grant, 'invalid_client')
    expect(error.hint).toContain('clientAuth')
  },
  'entra/token-error.json': async () => {
    const error = await serverError(fileAnswer('entra/token-error.json').grant, 'invalid_grant')
    expect(revealServerError(error)?.other).toMatchObject({ suberror: 'bad_token', error_codes: [70002, 70008] })
    expect(JSON.stringify(error)).not.toContain('bad_token')
  },
  'entra/token-response-client-credentials.json': async () => {
    const { tokens } = await fileAnswer('entra/token-response-client-credentials.json').grant
    expect(tokens.other).toEqual({ ext_expires_in: 86399 })
  },
  'entra/token-response-v1.json': async () => {
    const { tokens } = await fileAnswer('entra/token-response-v1.json').grant
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_500_000)
    expect(tokens.other).toMatchObject({ expires_on: '1547579127', resource: expect.any(String) })
  },
  'entra/token-response.json': async () => {
    const { tokens, claims } = await fileAnswer('entra/token-response.json').grant
    expect(claims?.sub).toBe('ada')
    expect(tokens.other).toEqual({ ext_expires_in: 3599, client_info: expect.any(String) })
  },
  'facebook/token-error.json': async () => {
    const error = await refusal(fileAnswer('facebook/token-error.json').grant, 'token_response_invalid')
    expect(error.message).toContain('OAuthException')
    expect(error.message).not.toContain('[object')
    expect(JSON.parse(`${revealServerError(error)?.error}`)).toMatchObject({ code: 191 })
  },
  'github/token-error.json': () => serverError(fileAnswer('github/token-error.json').grant, 'bad_verification_code'),
  'govuk-one-login/token-error.json': () =>
    serverError(fileAnswer('govuk-one-login/token-error.json').grant, 'invalid_request'),
  'govuk-one-login/token-response.json': () => signsIn('govuk-one-login/token-response.json'),
  'keycloak/token-response-offline.json': async () => {
    const { tokens } = await fileAnswer('keycloak/token-response-offline.json').grant
    expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_500_000)
    expect(tokens.other).toHaveProperty('refresh_expires_in', 0)
  },
  'keycloak/token-response.json': async () => {
    const { tokens } = await fileAnswer('keycloak/token-response.json').grant
    expect(tokens.other).toMatchObject({ 'not-before-policy': 0, session_state: expect.any(String) })
  },
  'line/token-response.json': () => fileAnswer('line/token-response.json').grant,
  'notion/token-response.json': async () => {
    const error = await refusal(fileAnswer('notion/token-response.json').grant, 'token_response_invalid')
    expect(told(error)).toBe(
      'The token response was rejected: its token_type is missing. Mend the server (RFC 6749 §5.1).',
    )
  },
  'okta/token-error-dpop-nonce.json': () => retriesWithNonce(),
  'okta/token-response-dpop.json': async () => {
    const { body } = read('okta/token-response-dpop.json')
    await refusal(fileAnswer('okta/token-response-dpop.json').grant, 'token_response_invalid')
    const { tokens } = await fileAnswer('okta/token-response-dpop.json', {
      options: { dpop: await dpopWith(async () => Response.json(body)) },
    }).grant
    expect(tokens.tokenType).toBe('dpop')
  },
  'okta/token-response.json': () => signsIn('okta/token-response.json'),
  'ory-hydra/token-response.json': () => signsIn('ory-hydra/token-response.json'),
  'slack/token-error.json': () => serverError(fileAnswer('slack/token-error.json').grant, 'invalid_code'),
  'x/token-error-client.json': async () => {
    const error = await serverError(fileAnswer('x/token-error-client.json').grant, 'unauthorized_client')
    expect(error.hint).toContain('clientAuth')
  },
  'x/token-error.json': () => serverError(fileAnswer('x/token-error.json').grant, 'invalid_request'),
  'x/token-response.json': async () => {
    const { tokens } = await fileAnswer('x/token-response.json').grant
    expect(tokens).toMatchObject({ tokenType: 'bearer', scope: 'users.read', other: {} })
  },
  'cognito/id-token-claims.json': () => claimsOf('cognito'),
  'entra-b2c/id-token-claims.json': () => claimsOf('entra-b2c'),
  'entra/id-token-claims.json': () => claimsOf('entra'),
  'govuk-one-login/id-token-claims.json': () => claimsOf('govuk-one-login'),
  'ory-hydra/id-token-claims.json': () => claimsOf('ory-hydra'),
}

async function signsIn(file: string) {
  const { tokens, claims } = await fileAnswer(file).grant
  expect(claims?.sub).toBe('ada')
  expect(tokens.tokenType).toBe('bearer')
}

/** The claims as served, years ago: with our nonce they are of the server's time. */
async function claimsOf(provider: string) {
  const served = read(`${provider}/id-token-claims.json`)
  const issuer = served.iss as string
  const { claims } = await answer(
    {},
    {
      issuer,
      clientId: [served.aud].flat()[0],
      scope: 'openid',
      claims: { ...served, nonce: NONCE, at_hash: undefined },
    },
  ).grant
  expect(claims).toMatchObject({ sub: served.sub, iat: served.iat })
}

async function retriesWithNonce() {
  const { status, headers, body } = read('okta/token-error-dpop-nonce.json')
  const answers = [Response.json(body, { status, headers }), Response.json({ ...bearer, token_type: 'DPoP' })]
  const sent: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push(new Request(input, init))
    return answers.shift()!
  }
  const dpop = await dpopWith(fetch)
  const { grant } = answered({ body: {}, scope: 'orders', options: { fetch, dpop } })
  expect((await grant).tokens.tokenType).toBe('dpop')
  expect(sent).toHaveLength(2)
  expect(new Set(await Promise.all(sent.map(async (one) => (await one.formData()).get('code'))))).toHaveLength(1)
}

const file = (name: string) => files[name]!

/** What each deviation comes to. */
const table: Record<string, Record<string, () => Promise<unknown>>> = {
  slack: {
    'issuer flips': async () => {
      const body = { ...bearer, iss: 'https://slack.com', issuer: 'https://slack.com' }
      expect((await refreshed(body)).tokens).toMatchObject({
        refreshToken: 'the-old-one',
        other: { issuer: body.issuer },
      })
    },
    'errors with HTTP 200': file('slack/token-error.json'),
  },
  github: {
    'errors with HTTP 200': file('github/token-error.json'),
    'form-encoded answer': async () => {
      const { sent, grant } = answered({
        body: 'access_token=gho-1&scope=gist&token_type=bearer',
        contentType: 'application/x-www-form-urlencoded; charset=utf-8',
      })
      expect((await refusal(grant, 'token_response_invalid')).message).toContain(
        'its content type is application/x-www-form-urlencoded; charset=utf-8, not JSON',
      )
      expect(sent[0]?.headers.get('accept')).toBe('application/json')
    },
  },
  facebook: {
    'error is an object': file('facebook/token-error.json'),
    'older API versions': () => refused({ body: 'access_token=a&expires=5', contentType: 'text/plain' }, 'text/plain'),
  },
  fitbit: {
    'errors: [': async () => {
      const body = { errors: [{ errorType: 'invalid_request', message: 'no' }], success: false }
      const { grant } = answered({ body, status: 400 })
      expect((await refusal(grant, 'token_request_refused')).message).toContain('and no OAuth error')
      await refused({ body }, 'access_token is missing')
    },
  },
  'entra v1, adfs, paypal, exact online': {
    'expires_in is a string': async () => {
      await file('entra/token-response-v1.json')()
      for (const expires_in of ['soon', '36e2', '-5', ' 5', {}, [5]])
        await expect(answer({ expires_in }).grant).resolves.toHaveProperty('tokens.expiresAtMs', undefined)
    },
  },
  mailchimp: {
    'expires_in 0': async () => {
      for (const expires_in of [0, '0', -1, null]) {
        const { tokens } = await answer({ expires_in, scope: null }, { scope: 'audience' }).grant
        expect(tokens).toMatchObject({ expiresAtMs: undefined, scope: 'audience' })
      }
    },
  },
  keycloak: { 'refresh_expires_in 0': file('keycloak/token-response-offline.json') },
  'salesforce, wechat, notion': {
    'no token_type': async () => {
      await file('notion/token-response.json')()
      const { provider } = salesforce()
      const { tokens } = await fileAnswer('notion/token-response.json', { options: { provider } }).grant
      expect(tokens.tokenType).toBe('bearer')
      const { body } = read('notion/token-response.json')
      const dpop = await dpopWith(async () => Response.json(body))
      await refusal(
        fileAnswer('notion/token-response.json', { options: { provider, dpop } }).grant,
        'token_response_invalid',
      )
    },
  },
  'ory-hydra, x, twitch, github': { 'token_type "bearer"': file('ory-hydra/token-response.json') },
  ebay: {
    'token_type "User': () =>
      refused({ body: { ...bearer, token_type: 'User Access Token' } }, 'its token_type is not'),
  },
  plentymarkets: {
    'camelCase members': () =>
      refused({ body: { accessToken: 'a', tokenType: 'Bearer' } }, 'its access_token is missing'),
  },
  'entra-b2c': {
    'no access_token': async () => {
      await file('entra-b2c/token-response-without-access-token.json')()
      const tenantId = '11111111-1111-1111-1111-111111111111'
      const { provider } = entraB2c({ tenant: 't', tenantId, policy: 'B2C_1_signin' })
      const claims = { tfp: 'B2C_1_signin' }
      const { body } = read('entra-b2c/token-response-without-access-token.json')
      const with_ = { body, scope: 'openid', claims, options: { provider } }
      await expect(answered(with_).grant).resolves.toHaveProperty('tokens.accessToken', '')
      await refusal(answered({ ...with_, scope: 'openid https://t.example/api/read' }).grant, 'token_response_invalid')
    },
    'emails array': async () => {
      const { claims } = await openid({ emails: ['ada@example.com'], tfp: 'B2C_1_signin' })
      expect(claims).toMatchObject({ emails: ['ada@example.com'], tfp: 'B2C_1_signin' })
    },
  },
  'paypal, clever': {
    'no id_token': async () => {
      const error = await refusal(answer({}, { scope: 'openid' }).grant, 'id_token_invalid')
      expect(told(error)).toBe('The ID token was rejected: it is missing. Allow openid for this client on the server.')
    },
  },
  tumblr: {
    '"id_token": false': async () => {
      await expect(answer({ id_token: false }).grant).resolves.toHaveProperty('tokens.idToken', undefined)
      await refusal(answer({ id_token: false }, { scope: 'openid' }).grant, 'id_token_invalid')
    },
  },
  dailymotion: {
    '"refresh_token": null': async () => {
      for (const empty of [null, '', false]) {
        const members = { refresh_token: empty, id_token: empty, scope: empty, expires_in: empty }
        const { tokens } = await answer(members, { scope: 'orders' }).grant
        expect(tokens).toMatchObject({ scope: 'orders', other: {} })
        expect([tokens.refreshToken, tokens.idToken, tokens.expiresAtMs]).toEqual([undefined, undefined, undefined])
      }
    },
  },
  huawei: {
    'error is a number': async () => {
      const { grant } = answered({ body: { error: 1101, sub_error: 20011 }, status: 400 })
      const error = await refusal(grant, 'token_response_invalid')
      expect(revealServerError(error)).toMatchObject({ error: '1101', other: { sub_error: 20011 } })
    },
  },
  deezer: { 'text/html': () => refused({ body: 'access_token=a&expires=0', contentType: 'text/html' }, 'text/html') },
  auth0: {
    'invalid_grant with HTTP 403': file('auth0/token-error.json'),
    'dead refresh token': async () => {
      const error = await serverError(refreshed(read('auth0/token-error.json').body, 403), 'invalid_grant')
      expect(error.retryable).toBe(false)
    },
  },
  x: {
    'invalid_request for a bad': async () => {
      await file('x/token-error.json')()
      await file('x/token-error-client.json')()
    },
    'confidential apps must use Basic': async () => {
      const sent: Request[] = []
      const fetch: typeof globalThis.fetch = async (input, init) => {
        sent.push(new Request(input, init))
        return Response.json(bearer)
      }
      const clientAuth = clientSecretBasic('a secret')
      await answered({ body: {}, options: { fetch, clientAuth } }).grant
      await refreshTokens(server, 'spa', 'the-old-one', { fetch, clientAuth })
      const [first, second] = sent.map(({ headers }) => headers.get('authorization'))
      expect(first).toMatch(/^Basic /)
      expect(second).toBe(first)
    },
  },
  fusionauth: {
    'WWW-Authenticate on answers': async () => {
      const headers = { 'www-authenticate': 'Bearer realm="x"' }
      await answer({}, { headers }).grant
      await serverError(answered({ body: { error: 'invalid_grant' }, status: 400, headers }).grant, 'invalid_grant')
    },
  },
  entra: {
    'suberror, error_codes': file('entra/token-error.json'),
    'iss carries the user': async () => {
      const { iss, tid } = read('entra/id-token-claims.json')
      const at = (tenant: string) => {
        const { issuer, provider } = entra({ tenants: [tenant] })
        return openid({ iss, tid }, { issuer, options: { provider } })
      }
      await expect(at(tid)).resolves.toHaveProperty('claims.iss', iss)
      await refusal(at('33333333-3333-3333-3333-333333333333'), 'id_token_invalid')
    },
  },
  okta: { 'first DPoP request': file('okta/token-error-dpop-nonce.json') },
  apple: {
    'client_secret is a JWT': async () => {
      const { privateKey } = await createSigningKey()
      const secret = appleClientSecret({ teamId: 'T', clientId: 'spa', keyId: 'K', privateKey })
      const { sent, grant } = answer({}, { options: { clientAuth: clientSecretPost(secret) } })
      await grant
      const [, payload = ''] = `${(await sent[0]?.formData())?.get('client_secret')}`.split('.')
      expect(JSON.parse(`${Buffer.from(payload, 'base64url')}`)).toMatchObject({ aud: 'https://appleid.apple.com' })
    },
    'email_verified and': async () => {
      const { claims } = await openid({ email_verified: 'true', is_private_email: true })
      expect(claims).toMatchObject({ email_verified: 'true', is_private_email: true })
    },
    'nonce may be the SHA-256': async () => {
      const { createHash } = await import('node:crypto')
      const hashed = createHash('sha256').update(NONCE).digest('hex')
      expect((await refusal(openid({ nonce: hashed }), 'id_token_invalid')).claim).toBe('nonce')
    },
  },
  'epic games': {
    'Basic credentials': async () => {
      const { sent, grant } = answer({}, { options: { clientAuth: clientSecretBasicWithoutEncoding('a+b/c=') } })
      await grant
      expect(sent[0]?.headers.get('authorization')).toBe(`Basic ${btoa('spa:a+b/c=')}`)
    },
  },
  reddit: {
    'Basic with an empty': async () => {
      const clientAuth: ClientAuth = {
        method: 'client_secret_basic',
        authenticate: (_, { client_id }, __, headers) => headers.set('authorization', `Basic ${btoa(`${client_id}:`)}`),
      }
      const { sent, grant } = answer({}, { options: { clientAuth } })
      await grant
      expect(sent[0]?.headers.get('authorization')).toBe(`Basic ${btoa('spa:')}`)
      await refusal(() => clientSecretBasic(''), 'config_invalid')
    },
  },
  'world id': {
    // So this server is not supported.
    'HTTP 500 when': async () => {
      const { sent, grant } = answered({ body: '', status: 500 })
      await refusal(grant, 'token_response_invalid')
      expect((await sent[0]?.formData())?.get('redirect_uri')).toBe('https://app.example/callback')
    },
  },
  'linkedin, docusign, asana, dropbox, quickbooks, world id': {
    'nonce is not returned': async () => {
      const error = await refusal(openid({ nonce: undefined }), 'id_token_invalid')
      expect(told(error)).toBe(
        'The ID token was rejected: its nonce is missing. The server must return it; LinkedIn: see proofkey/providers.',
      )
      const { provider: outer } = linkedin()
      const provider = serverRules.get(outer)
      await expect(openid({ nonce: undefined }, { options: { provider } })).resolves.toHaveProperty('claims.sub', 'ada')
      await refusal(openid({ nonce: 'of another' }, { options: { provider } }), 'id_token_invalid')
      await refusal(openid({ nonce: undefined }, { options: { provider: outer as never } }), 'id_token_invalid')
      const other = await refusal(openid({ nonce: 'of another' }), 'id_token_invalid')
      expect(told(other)).toBe(
        'The ID token was rejected: its nonce is wrong. Start a new sign-in; it may be an attack.',
      )
    },
  },
  line: {
    'metadata says ES256': async () => {
      for (const alg of ['HS256', 'none']) {
        const error = await refusal(openid({}, { header: { alg } }), 'id_token_invalid')
        expect(told(error)).toBe(
          `The ID token was rejected: its alg is ${alg}. Let the server sign it with RS256 or ES256.`,
        )
      }
    },
  },
  'ory-hydra': {
    'aud is an array': async () => {
      await expect(openid({ aud: ['spa'] })).resolves.toBeDefined()
      await refusal(openid({ aud: ['spa', 'project'] }), 'id_token_invalid')
    },
  },
  cognito: {
    'access token is a JWT': async () => {
      const { grant } = fileAnswer('keycloak/token-response.json', { scope: 'openid' })
      expect((await refusal(grant, 'id_token_invalid')).message).toContain('it is missing')
      expect((await refusal(openid({ aud: undefined, client_id: 'spa' }), 'id_token_invalid')).message).toContain('aud')
    },
  },
  'govuk-one-login': {
    'vot/vtm in place': async () => {
      const { iss, vot, vtm } = read('govuk-one-login/id-token-claims.json')
      const asking = (level: string) => {
        const checkClaims = (claims: UncheckedClaims) => (claims['vot'] === level ? undefined : 'its vot is too low')
        const provider = defineProvider({
          name: 'GOV.UK One Login',
          reason: 'It sends vot in place of acr.',
          checkClaims,
        })
        return openid({ iss, vot, vtm }, { issuer: iss, options: { provider } })
      }
      await expect(asking(vot)).resolves.toHaveProperty('claims.vot', vot)
      expect((await refusal(asking('Cl.Cm.P2.Cx'), 'id_token_invalid')).message).toContain('its vot is too low')
      await refusal(openid({ iss, vot, vtm }, { issuer: iss, acrValues: vot }), 'acr_not_met')
    },
  },
  trovo: {
    // RFC 6749 §6 has one token endpoint: refreshing at this server is not supported.
    'another endpoint': async () => {
      const sent: unknown[] = []
      const fetch = async (url: unknown) => {
        sent.push(url)
        return Response.json({ error: 'unsupported_grant_type' }, { status: 400 })
      }
      await refusal(refreshTokens(server, 'spa', 'r', { fetch }), 'token_request_refused')
      expect(sent).toEqual(['https://as.example/token'])
    },
  },
  'google, dailymotion': {
    'no new refresh_token': async () => {
      for (const refresh_token of [undefined, null, ''])
        expect((await refreshed({ ...bearer, refresh_token })).tokens.refreshToken).toBe('the-old-one')
    },
  },
}

const entryOf = ({ provider, deviation }: Row) =>
  Object.entries(table[provider] ?? {}).find(([start]) => deviation.startsWith(start))

it.each(rows)('$provider, $where: $deviation', async (row) => {
  const [, outcome] = entryOf(row) ?? []
  expect(outcome, 'the row is not in the table').toBeDefined()
  await outcome?.()
})

it('the table has no row of its own', () => {
  const known = rows.map((row) => `${row.provider}: ${entryOf(row)?.[0]}`)
  const listed = Object.entries(table).flatMap(([provider, of]) =>
    Object.keys(of).map((start) => `${provider}: ${start}`),
  )
  expect(listed.sort()).toEqual(known.sort())
})

const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\/(token-.+|id-token-claims)\.json$/.test(name),
)
it.each(found)('%s', async (name) => {
  expect(files[name], 'the file is not in the table').toBeDefined()
  await files[name]?.()
})
