import { type SigningKey, thumbprintOf } from '../crypto/signing-key.js'
import { codeOf } from '../errors.js'
import type { Listener, ProofkeyEvent } from '../events.js'
import { reporter } from '../flow/reported.js'
import { type AssertionClientAuth, checkListed } from '../protocol/client-auth/client-auth.js'
import { privateKeyJwt } from '../protocol/client-auth/private-key-jwt.js'
import { type RegistrationOptions, registerClient } from '../protocol/client-auth/register.js'
import { checkMetadata, discover, type ServerMetadata } from '../protocol/discovery/metadata.js'
import { createDatabase, promisifyRequest } from '../vault/database.js'
import { keyStore } from '../vault/key-store.js'
import { exclusively } from '../vault/lock.js'

/** Options of {@link registerInstance}. They are used for the first registration only, until `forget()`. */
export interface InstanceOptions extends RegistrationOptions {
  /** The authorization server's issuer identifier, exactly as in its metadata. */
  readonly issuer: string
  /** The server's metadata. Default: loaded from the server (discovery). */
  readonly metadata?: ServerMetadata | undefined
  readonly redirectUri: string
  /** `client_name`, shown on the consent page. */
  readonly clientName?: string | undefined
  /** Space-separated: the scope that the instance may request. Default: that of the server. */
  readonly scope?: string | undefined
  /** `native` for apps that are not web pages. Default `web`. */
  readonly applicationType?: 'web' | 'native' | undefined
  /** Other client metadata, under its standard names (RFC 7591 §2): `{ post_logout_redirect_uris: […] }`. */
  readonly additionalMetadata?: Readonly<Record<string, unknown>> | undefined
  /** Receives the events, like a listener of `subscribe`. */
  readonly onEvent?: Listener<ProofkeyEvent> | undefined
}

/** One installation of the app, registered as a separate client, with a key that never leaves this browser. */
export interface Instance {
  readonly clientId: string
  /** `private_key_jwt` with the instance's key; for `createClient` and `createSessionClient`. */
  readonly clientAuth: AssertionClientAuth
  /**
   * Deletes the stored client id, unless another tab has replaced it. Call it if the server no longer knows the client
   * (`invalid_client`): the next `registerInstance` registers again. It does not delete the key, or anything at the server.
   * @throws `storage_unavailable`
   */
  forget(): Promise<void>
}

interface StoredInstance {
  readonly clientId: string
  readonly keyId: string
}

/**
 * Registers this browser as a separate client instance, with a non-extractable key pair, at a server with dynamic
 * registration (RFC 7591). Later calls return the stored registration. Unlike a secret that ships with an app, no other party
 * knows the key. It does not protect against scripts in the page, which can use the key.
 * @throws `endpoint_refused`, if the server has no registration endpoint; `client_auth_unsupported`, if it does not list
 * `private_key_jwt` with ES256; `registration_refused`; `insecure_context`, `storage_unavailable`, `storage_full`,
 * `storage_refused_key`; the errors of discovery
 * @example
 * ```ts
 * import { createClient, registerInstance } from 'proofkey'
 *
 * const issuer = 'https://login.example.com'
 * const redirectUri = 'https://app.example.com/callback'
 * const instance = await registerInstance({ issuer, redirectUri, clientName: 'My app' })
 * const auth = createClient({ issuer, redirectUri, ...instance })
 * ```
 */
export async function registerInstance(options: InstanceOptions): Promise<Instance> {
  const { issuer, redirectUri } = options
  const report = reporter({ issuer, clientId: undefined }, options.onEvent)
  const failed = (error: unknown): never => {
    report({ type: 'registration_failed', code: codeOf(error) })
    throw error
  }
  const transaction = createDatabase('proofkey-instances', 'instances')
  const name = JSON.stringify([issuer, redirectUri])
  const read = (records: IDBObjectStore) => promisifyRequest<StoredInstance | undefined>(records.get(name))

  async function findOrRegister() {
    // Test the storage before the registration request.
    const key = await keyStore().load(`instance ${name}`)
    const keyId = await thumbprintOf(key.publicJwk)
    /** A registration cannot be used without its key. */
    const usable = (found: StoredInstance | undefined) => (found?.keyId === keyId ? found : undefined)
    // Concurrent tabs register one client; without Web Locks, the first one stored is used.
    const { clientId } = await exclusively(`instance ${name}`, async () => {
      const found = usable(await transaction('readonly', read))
      if (!found) report({ type: 'registration_started' })
      const own = found ?? { clientId: await registered(options, key, keyId), keyId }
      const first = await transaction('readwrite', async (records) => {
        const first = usable(await read(records))
        if (!first) await promisifyRequest(records.put(own, name))
        return first ?? own
      })
      report({ type: found ? 'registration_restored' : 'registration_completed' })
      return first
    })
    return { clientId, clientAuth: privateKeyJwt(key.privateKey, { keyId }) }
  }

  const { clientId, clientAuth } = await findOrRegister().catch(failed)
  return {
    clientId,
    clientAuth,
    forget: () =>
      transaction('readwrite', async (records) => {
        if ((await read(records))?.clientId === clientId) await promisifyRequest(records.delete(name))
      }).then(() => report({ type: 'registration_forgotten' }), failed),
  }
}

/** @returns the client id */
async function registered(options: InstanceOptions, { publicJwk }: SigningKey, kid: string): Promise<string> {
  const { issuer, metadata, redirectUri, clientName, scope, applicationType = 'web', additionalMetadata } = options
  const server = metadata ? checkMetadata(metadata, issuer, options.insecure) : await discover(issuer, options)
  // A server may register what its token endpoint refuses later.
  checkListed(server, 'token_endpoint_auth_methods_supported', 'private_key_jwt')
  checkListed(server, 'token_endpoint_auth_signing_alg_values_supported', 'ES256')
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
      jwks: { keys: [{ ...publicJwk, kid, alg: 'ES256', use: 'sig' }] },
    },
    options,
  )
  return client_id
}
