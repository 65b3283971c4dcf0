import { sha256 } from '../crypto/digest.js'
import { subtle } from '../crypto/web-crypto.js'
import type { ClientAuth } from '../protocol/client-auth.js'
import { discover } from '../protocol/metadata.js'
import { privateKeyJwt } from '../protocol/private-key-jwt.js'
import { type RegistrationOptions, registerClient } from '../protocol/register.js'
import { createDatabase, keyRefused, promisifyRequest } from '../vault/database.js'

export interface InstanceOptions extends RegistrationOptions {
  /** The authorization server, written exactly as the server writes itself. */
  readonly issuer: string
  readonly redirectUri: string
  /** What a person reads when the server asks for consent. */
  readonly clientName?: string | undefined
  /** Space-separated: what the instance may ask for. Default: what the server allows. */
  readonly scope?: string | undefined
  /** `native` for apps that are no web pages. Default `web`. */
  readonly applicationType?: 'web' | 'native' | undefined
  /** Whatever else is to be registered, in the wire's own names (RFC 7591 §2). */
  readonly additionalMetadata?: Readonly<Record<string, unknown>> | undefined
}

/** One installation of the app: a client of its own, with a key that never leaves this browser. */
export interface Instance {
  readonly clientId: string
  /** `private_key_jwt` with the instance's key; for `createClient` and `createSessionClient`. */
  readonly clientAuth: ClientAuth
  /** Forgets key and client id: where the server knows the client no more (`invalid_client`), the next call registers anew. */
  forget(): Promise<void>
}

interface StoredInstance {
  readonly clientId: string
  readonly key: CryptoKey
  readonly keyId: string
}

/**
 * Makes this browser a client of its own: a key pair that cannot be exported, registered once at a server that offers
 * dynamic registration (RFC 7591); later calls find it again. Unlike a secret that ships with an app, the key is known to
 * nobody else. It does not stop script that runs in the page, which can use it there.
 * @throws `endpoint_refused`, where the server registers nobody; `registration_refused`; `insecure_context`,
 * `storage_unavailable`, `storage_full`, `storage_refused_key`; and what discovery can
 */
export async function registerInstance(options: InstanceOptions): Promise<Instance> {
  const { issuer, redirectUri } = options
  const transaction = createDatabase('proofkey-instances', 'instances')
  const name = JSON.stringify([issuer, redirectUri])
  const read = () =>
    transaction('readonly', (records) => promisifyRequest<StoredInstance | undefined>(records.get(name)))
  const register = async () => {
    const found = await read()
    if (found) return found
    const made = await registered(options)
    await transaction('readwrite', (records) => promisifyRequest(records.put(made, name)))
    const written = await read()
    if (!written) throw keyRefused()
    return written
  }
  // Ten tabs of a first visit are one instance.
  const { clientId, key, keyId } = await (globalThis.navigator?.locks
    ? navigator.locks.request(`proofkey instance ${name}`, register)
    : register())
  return {
    clientId,
    clientAuth: privateKeyJwt(key, { keyId }),
    forget: () => transaction('readwrite', (records) => promisifyRequest(records.delete(name))),
  }
}

async function registered(options: InstanceOptions): Promise<StoredInstance> {
  const { issuer, redirectUri, clientName, scope, applicationType = 'web', additionalMetadata } = options
  const server = await discover(issuer, options)
  const pair = await subtle().generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const { kty, crv, x, y } = await subtle().exportKey('jwk', pair.publicKey)
  // RFC 7638 §3: the members in this order, and no others.
  const keyId = await sha256(JSON.stringify({ crv, kty, x, y }))
  const { client_id } = await registerClient(
    server,
    {
      ...additionalMetadata,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: applicationType,
      client_name: clientName,
      scope,
      jwks: { keys: [{ kty, crv, x, y, kid: keyId, alg: 'ES256', use: 'sig' }] },
    },
    options,
  )
  return { clientId: client_id, key: pair.privateKey, keyId }
}
