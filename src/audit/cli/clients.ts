import { createPrivateKey } from 'node:crypto'
import { ProofkeyError } from '../../errors.js'
import type { ClientAuth } from '../../protocol/client-auth/client-auth.js'
import { clientSecretBasic, clientSecretJwt, clientSecretPost } from '../../protocol/client-auth/client-secret.js'
import { mutualTls } from '../../protocol/client-auth/mutual-tls.js'
import { type PrivateJwk, privateKeyJwt } from '../../protocol/client-auth/private-key-jwt.js'
import type { AuditClient } from '../client.js'
import { type AuthenticationConfig, type ClientConfig, readText } from '../config/config.js'

const BY_SECRET = {
  client_secret_basic: clientSecretBasic,
  client_secret_post: clientSecretPost,
  client_secret_jwt: clientSecretJwt,
}

/**
 * Makes the clients of an audit; reads their secrets and keys.
 * @throws `config_invalid`; no message holds what was read
 */
export async function auditClients(
  clients: readonly ClientConfig[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<AuditClient[]> {
  return Promise.all(
    clients.map(async ({ clientId, scope, redirectUri, authentication }) => ({
      clientId,
      scope,
      redirectUri,
      clientAuth: authentication && (await clientAuthOf(authentication, clientId, env)),
    })),
  )
}

async function clientAuthOf(
  config: AuthenticationConfig,
  clientId: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientAuth> {
  if ('privateKeyFile' in config) {
    const key = privateJwk(await readText(config.privateKeyFile, 'private key'), config.privateKeyFile)
    const { keyId, algorithm = key.alg ?? (key.kty === 'RSA' ? 'RS256' : undefined) } = config
    return privateKeyJwt(key, { keyId, algorithm: algorithm as 'RS256' | undefined })
  }
  if ('certFile' in config) {
    const [cert, key, ca] = await Promise.all([
      readText(config.certFile, 'certificate'),
      readText(config.keyFile, 'private key'),
      config.caFile === undefined ? undefined : readText(config.caFile, 'list of certificate authorities'),
    ])
    return mutualTls({ cert, key, method: config.method, ca })
  }
  return BY_SECRET[config.method as keyof typeof BY_SECRET](await secretOf(config, clientId, env))
}

async function secretOf(
  { secretEnv, secretFile }: { readonly secretEnv?: string; readonly secretFile?: string },
  clientId: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  // The name of the variable is not shown: it could be the secret itself, passed in the wrong place.
  const [secret, place] =
    secretFile !== undefined
      ? [(await readText(secretFile, 'secret file')).replace(/\r?\n$/, ''), 'The secret file']
      : [env[`${secretEnv}`], 'The environment variable for the secret']
  if (secret) return secret
  const state = secret === undefined ? 'is not set' : 'is empty'
  throw new ProofkeyError(
    'config_invalid',
    `${place} of client ${clientId} ${state}.`,
    'It is the name of a variable or file that must hold the client_secret from the registration.',
  )
}

/** A JWK, or any PEM that Node reads. */
function privateJwk(text: string, file: string): PrivateJwk {
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : createPrivateKey(text).export({ format: 'jwk' })
  } catch {
    throw new ProofkeyError(
      'config_invalid',
      `The private key ${file} is neither a JWK nor a PEM without password.`,
      'Write it with: openssl pkcs8 -topk8 -nocrypt',
    )
  }
}
