import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { refreshTokens } from '../../src/protocol/token/refresh.js'
import {
  type AuthorizationRequest,
  beginAuthorization,
  type CheckedMetadata,
  type ClientAuth,
  checkClientAuth,
  checkMetadata,
  clientSecretBasic,
  clientSecretBasicWithoutEncoding,
  clientSecretPost,
  completeAuthorization,
  none,
} from '../../src/protocol.js'
import { refusal } from '../helpers/refusal.js'

interface Deviation {
  readonly provider: string
  readonly where: string
  readonly deviation: string
  readonly client_must: string
}

const read = async (path: string) => JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))
const deviations: Deviation[] = await read('deviations.json')

/** Names a test by its row of `deviations.json`. */
function row(provider: string, where: string, part = ''): string {
  const found = deviations.filter(
    (one) => one.provider === provider && one.where === where && one.deviation.includes(part),
  )
  if (found.length !== 1) throw new Error(`${found.length} rows for ${provider}, ${where}, ${part}`)
  return `${provider}: ${found[0]!.deviation}: ${found[0]!.client_must}`
}

const redirectUri = 'https://app.example/callback'

async function served(path: string): Promise<CheckedMetadata> {
  const document = await read(path)
  return checkMetadata(document, document.issuer)
}

const begin = (server: CheckedMetadata, more: Partial<AuthorizationRequest> = {}) =>
  beginAuthorization(server, { clientId: 'app', redirectUri, ...more })

/** What the token endpoint receives for a code and for a refresh token. */
async function requestsOf(server: CheckedMetadata, clientAuth: ClientAuth, respond = granted) {
  const sent: { headers: Headers; body: URLSearchParams }[] = []
  const fetch = async (_: string, init: { headers: Headers; body: URLSearchParams }) => {
    sent.push({ headers: init.headers, body: new URLSearchParams(init.body) })
    return respond()
  }
  const { transaction } = await begin(server)
  const callback = `${redirectUri}?code=c&state=${transaction.state}`
  const outcome = await Promise.allSettled([completeAuthorization(transaction, callback, { clientAuth, fetch })])
  await Promise.allSettled([refreshTokens(server, 'app', 'refresh', { clientAuth, fetch })])
  return { sent, outcome: outcome[0] }
}

const granted = () => Response.json({ access_token: 'access', token_type: 'bearer' })

describe('authorization URLs', () => {
  it(row('entra-b2c', 'metadata', 'query'), async () => {
    const server = await served('entra-b2c/metadata-query-params.json')
    const { url } = await begin(server, { scope: 'openid offline_access' })
    expect(url.href.startsWith(`${server.authorization_endpoint}&response_type=code&client_id=app&`)).toBe(true)
    expect(url.search).toContain('&scope=openid%20offline_access&')
    expect(url.searchParams.getAll('p')).toEqual(['my-policy'])
    const doubled = `${server.authorization_endpoint}&scope=openid`
    await refusal(begin({ ...server, authorization_endpoint: doubled }), 'endpoint_refused')
    await refusal(begin(server, { additionalParameters: { p: 'other-policy' } }), 'endpoint_refused')
  })

  it(row('apple', 'authorization'), async () => {
    const { url } = await begin(await served('apple/metadata.json'), { responseMode: 'form_post', scope: 'name email' })
    expect(url.search).toMatch(/&scope=name%20email&.*&response_mode=form_post$/)
  })

  it(row('google', 'authorization'), async () => {
    const additionalParameters = { access_type: 'offline' }
    const { url } = await begin(await served('google/metadata.json'), { prompt: 'consent', additionalParameters })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ access_type: 'offline', prompt: 'consent' })
  })

  it(row('tiktok', 'authorization'), async () => {
    const server = await served('google/metadata.json')
    const { url } = await begin(server, { additionalParameters: { client_key: 'app' } })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ client_key: 'app', client_id: 'app' })
    await refusal(begin(server, { additionalParameters: { client_id: '' } }), 'config_invalid')
  })

  it(row('strava, shopify, todoist, deezer, disqus, weibo', 'authorization'), async () => {
    const { url } = await begin(await served('github/metadata.json'), { scope: 'read,activity:write' })
    expect(url.searchParams.get('scope')).toBe('read,activity:write')
  })
})

describe('client authentication', () => {
  it(row('entra-b2c', 'metadata', '[]'), async () => {
    const server = await served('entra-b2c/metadata.json')
    expect(server.token_endpoint_auth_methods_supported).toEqual([])
    for (const clientAuth of [none(), clientSecretPost('secret'), clientSecretBasic('secret')])
      expect(() => checkClientAuth(server, clientAuth)).not.toThrow()
  })

  it.each(['authentik/metadata.json', 'ping/metadata-pingone.json'])(
    `${row('gitlab, authentik, pingone, dex', 'metadata')}: %s`,
    async (path) => {
      const server = await served(path)
      expect(server.token_endpoint_auth_methods_supported).not.toContain('none')
      expect(() => checkClientAuth(server, none())).not.toThrow()
      const { sent } = await requestsOf(server, none())
      expect(sent.map(({ body }) => body.get('client_id'))).toEqual(['app', 'app'])
    },
  )

  // The row's client_must is copied from the row before by mistake. It should say: use the configured method, whatever is
  // listed besides it.
  it(row('pro sante connect', 'metadata'), async () => {
    const server = {
      ...(await served('authentik/metadata.json')),
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post'],
    }
    const clientAuth = clientSecretPost('secret')
    checkClientAuth(server, clientAuth)
    for (const { body } of (await requestsOf(server, clientAuth)).sent) {
      expect(body.get('client_secret')).toBe('secret')
      expect(body.has('client_assertion')).toBe(false)
    }
  })

  it(row('apple', 'token', 'client_secret'), async () => {
    const server = await served('apple/metadata.json')
    let made = 0
    const clientAuth = clientSecretPost(async () => `header.claims.signature${++made}`)
    checkClientAuth(server, clientAuth)
    const { sent } = await requestsOf(server, clientAuth)
    const secrets = sent.map(({ body }) => body.get('client_secret'))
    expect(secrets).toEqual(['header.claims.signature1', 'header.claims.signature2'])
  })

  it(row('epic games', 'token'), async () => {
    const server = await served('github/metadata.json')
    const passwords = async (clientAuth: ClientAuth) =>
      (await requestsOf(server, clientAuth)).sent.map(({ headers }) => atob(`${headers.get('authorization')}`.slice(6)))
    expect(await passwords(clientSecretBasic('a+b/c='))).toEqual(Array(2).fill('app:a%2Bb%2Fc%3D'))
    expect(await passwords(clientSecretBasicWithoutEncoding('a+b/c='))).toEqual(Array(2).fill('app:a+b/c='))
  })

  it(row('x', 'refresh'), async () => {
    const { sent } = await requestsOf(await served('github/metadata.json'), clientSecretBasic('secret'))
    expect(sent.map(({ body }) => body.get('grant_type'))).toEqual(['authorization_code', 'refresh_token'])
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(
      Array(2).fill(`Basic ${btoa('app:secret')}`),
    )
  })

  it(row('linkedin, slack', 'authorization'), async () => {
    const refuse = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    const { sent, outcome } = await requestsOf(await served('slack/metadata.json'), clientSecretPost('secret'), refuse)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'token_request_refused' } })
    expect(sent.map(({ body }) => body.has('code_verifier'))).toEqual([true, false])
    expect(sent.map(({ body }) => body.get('grant_type'))).toEqual(['authorization_code', 'refresh_token'])
  })
})
