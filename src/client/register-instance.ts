import { type SigningKey, thumbprintOf } from '../crypto/signing-key.js'
import { codeOf } from '../errors.js'
import type { Listener, ProofkeyEvent } from '../events.js'
import { reporter } from '../flow/reported.js'
import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import { privateKeyJwt } from '../protocol/client-auth/private-key-jwt.js'
import { type RegistrationOptions, registerClient } from '../protocol/client-auth/register.js'
import { discover } from '../protocol/discovery/metadata.js'
import { createDatabase, promisifyRequest } from '../vault/database.js'
import { keyStore } from '../vault/key-store.js'
import { exclusively } from '../vault/lock.js'

/** What one installation of the app is registered with. Once: what is given later changes nothing until `forget()`. */
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
  /** Whatever else is to be registered, in the wire's own names (RFC 7591 §2): `{ post_logout_redirect_uris: […] }`. */
  readonly additionalMetadata?: Readonly<Record<string, unknown>> | undefined
  /** Hears what happens; as the listeners of `subscribe` do. */
  readonly onEvent?: Listener<ProofkeyEvent> | undefined
}

/** One installation of the app: a client of its own, with a key that never leaves this browser. */
export interface Instance {
  readonly clientId: string
  /** `private_key_jwt` with the instance's key; for `createClient` and `createSessionClient`. */
  readonly clientAuth: ClientAuth
  /**
   * Forgets the client id, and not one that another tab has got since: where the server knows the client no more
   * (`invalid_client`), the next call registers anew. The key stays.
   * @throws `storage_unavailable`
   */
  forget(): Promise<void>
}

interface StoredInstance {
  readonly clientId: string
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
  const report = reporter({ issuer, clientId: undefined }, options.onEvent)
  const failed = (error: unknown): never => {
    report({ type: 'registration_failed', code: codeOf(error) })
    throw error
  }
  const transaction = createDatabase('proofkey-instances', 'instances')
  const name = JSON.stringify([issuer, redirectUri])
  const read = (records: IDBObjectStore) => promisifyRequest<StoredInstance | undefined>(records.get(name))

  async function findOrRegister() {
    // Before anybody is asked: what cannot be kept is not registered.
    const key = await keyStore().load(`instance ${name}`)
    const keyId = await thumbprintOf(key.publicJwk)
    /** One whose key was lost is of no use any more. */
    const usable = (found: StoredInstance | undefined) => (found?.keyId === keyId ? found : undefined)
    // Ten tabs of a first visit are one instance; without Web Locks, the one that was registered first.
    const { clientId } = await exclusively(`instance ${name}`, async () => {
      const found = usable(await transaction('readonly', read))
      if (!found) report({ type: 'registration_started' })
      const made = found ?? { clientId: await registered(options, key, keyId), keyId }
      const first = await transaction('readwrite', async (records) => {
        const first = usable(await read(records))
        if (!first) await promisifyRequest(records.put(made, name))
        return first ?? made
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
  const { issuer, redirectUri, clientName, scope, applicationType = 'web', additionalMetadata } = options
  const { client_id } = await registerClient(
    await discover(issuer, options),
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
