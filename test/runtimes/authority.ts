import { X509Certificate } from 'node:crypto'
import type { ClientAuthMethod, ClientMetadata, JWK } from 'oidc-provider'
import { mutualTlsFeature } from '../helpers/mutual-tls-feature.js'
import '../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import type { SigningAlgorithm } from '../../src/protocol.js'
import { listen } from '../helpers/loopback.js'
import { createPerson } from '../helpers/person.js'
import { startRedis } from '../helpers/redis.js'
import { createAuthority, selfSigned, signingKey, startTlsServer } from '../helpers/tls.js'

const REDIRECT_URI = 'http://localhost:5173/callback'
const SECRETS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']
const ALGORITHMS: readonly SigningAlgorithm[] = ['ES256', 'PS256', 'RS256', 'Ed25519']

/**
 * What a runtime is tried against: `oidc-provider` with a client for each client authentication, over TLS too, Redis, and a
 * person who signs in for whoever posts a URL. `setup` is what the runtime is told.
 */
export async function startAuthority() {
  const secret = 'a:b%+ and thirty-two bytes or more'
  const authority = createAuthority()
  const certificates = {
    tls_client_auth: authority.issue('/CN=app'),
    self_signed_tls_client_auth: selfSigned('/CN=own'),
  }
  const [tls, redis, idTokenRsa, idTokenEd] = await Promise.all([
    startTlsServer(authority),
    startRedis(),
    signingKey('RS256'),
    signingKey('Ed25519'),
  ])
  const keys = await Promise.all(ALGORITHMS.map(async (algorithm) => ({ algorithm, ...(await signingKey(algorithm)) })))
  const { publicKey, raw } = new X509Certificate(certificates.self_signed_tls_client_auth.cert)
  const ownKey = { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] }

  const clients: Record<string, object> = {
    none: { token_endpoint_auth_method: 'none' },
    ...Object.fromEntries(
      SECRETS.map((method) => [method, { token_endpoint_auth_method: method, client_secret: secret }]),
    ),
    ...Object.fromEntries(
      keys.map(({ algorithm, publicJwk }) => [
        `private_key_jwt ${algorithm}`,
        {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: algorithm,
          jwks: { keys: [{ ...publicJwk, kid: 'k1', alg: algorithm, key_ops: undefined }] },
        },
      ]),
    ),
    tls_client_auth: { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=app' },
    self_signed_tls_client_auth: {
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks: { keys: [ownKey] },
    },
    dpop: { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
    'signed RS256': { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'RS256' },
    'signed Ed25519': { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'Ed25519' },
    native: {
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
    },
  }
  const running = await startProvider({
    ...browserClient('spa', [REDIRECT_URI]),
    jwks: {
      keys: [
        { ...idTokenRsa.jwk, alg: 'RS256', key_ops: undefined },
        { ...idTokenEd.jwk, alg: 'Ed25519', key_ops: undefined },
      ] as JWK[],
    },
    clients: Object.entries(clients).map(([client_id, client]) => ({
      client_id,
      redirect_uris: [REDIRECT_URI],
      id_token_signed_response_alg: 'RS256',
      ...client,
    })) as ClientMetadata[],
    clientAuthMethods: [...['none', 'private_key_jwt', ...SECRETS, ...Object.keys(certificates)]] as ClientAuthMethod[],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', ...ALGORITHMS],
      idTokenSigningAlgValues: ['RS256', 'Ed25519'],
    },
    features: {
      dPoP: { enabled: true },
      mTLS: mutualTlsFeature,
    },
    discovery: { mtls_endpoint_aliases: { token_endpoint: `${tls.origin}/token` } },
  })
  tls.server.on('request', running.provider.callback())
  const person = await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(Buffer.concat(chunks).toString())
    try {
      response.end(await createPerson('ada').travel(url, url.searchParams.get('redirect_uri') ?? ''))
    } catch (error) {
      response.writeHead(500).end(`${error}`)
    }
  })
  return {
    setup: {
      ...{ issuer: running.issuer, redirectUri: REDIRECT_URI, secret, certificates, ca: authority.cert },
      keys: keys.map(({ algorithm, jwk }) => ({
        ...{ clientId: `private_key_jwt ${algorithm}`, keyId: 'k1' },
        jwk: algorithm === 'Ed25519' ? { ...jwk, alg: 'Ed25519' } : jwk,
      })),
      person: `http://127.0.0.1:${person.port}/`,
      redis: redis.url,
    },
    close: () => Promise.all([running.close(), tls.close(), redis.stop(), person.close()]),
  }
}
