import { base64url } from '../../crypto/base64url.js'
import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { ES256, type SigningKey, thumbprintOf } from '../../crypto/signing-key.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'
import { oauthErrorOf, ProofkeyError } from '../../errors.js'
import { aheadSecondsOf } from '../clock.js'
import { type Fetch, type FetchLike, readBody } from '../request.js'
import { requestCopies } from '../request-copies.js'
import { challengeOf } from '../resource/challenge.js'

/**
 * DPoP (RFC 9449): binds tokens to a key, so that a stolen token cannot be used without the key. `clientKey` identifies the
 * client of a key: `JSON.stringify([issuer, clientId])`.
 */
export interface Dpop {
  /**
   * `fetch` for an API, with a new proof for the token that you set: `Authorization: DPoP …` (§7.1). Uses the key and the
   * `fetch` of the client that this `dpop` was passed to. Sends the request again, once, if the API requires a nonce (§9) or
   * has another clock, unless the body is a stream.
   * @throws what `fetch` throws; `config_invalid`, if this `dpop` was passed to no client or to several; the errors of
   * loading the key
   */
  fetch: Fetch
  /** Called by each client that this `dpop` is passed to: it sets the key and the `fetch` of {@link Dpop.fetch}. */
  addClient(clientKey: string, fetch?: FetchLike): void
  /**
   * The thumbprint of the client's key, `dpop_jkt` (§10). The key is loaded again, and generated if there is none.
   * @param atHand the thumbprint of the key that this page used last, even if another tab deleted it
   */
  thumbprint(clientKey: string, atHand?: boolean): Promise<string>
  /**
   * Runs a request with a `fetch` that adds a new proof, with `ath` if the request has `Authorization: DPoP …`. Runs it
   * again, once, if the server requires a nonce (§8, §9) or has another clock.
   * @param options with `once`, the request is not run again
   */
  attempt<Options extends AttemptOptions, T>(
    clientKey: string,
    request: (options: Options) => Promise<T>,
    options: Options,
  ): Promise<T>
  /** Deletes the key. A new one is generated at the next use. */
  forget?(clientKey: string): Promise<void>
}

interface AttemptOptions {
  readonly fetch?: FetchLike | undefined
  readonly once?: boolean | undefined
}

/** Nonce and clock of one server. */
interface Known {
  readonly nonce?: string | undefined
  /** The server's time minus ours, in milliseconds. */
  readonly aheadSeconds: number
}

/** The number of servers remembered. */
const MAX_SERVERS = 100
/** In characters: every request contains it. */
const MAX_NONCE = 1000

/**
 * DPoP with your own key.
 * @param load loads or generates the client's key. Called for each thumbprint, and for proofs until it has returned one. Its
 * errors are those of the methods
 * @example
 * ```ts
 * import { createDpop, createSigningKey } from 'proofkey/protocol'
 *
 * const key = await createSigningKey() // keep it with the tokens that are bound to it
 * const dpop = createDpop(async () => key)
 * ```
 */
export function createDpop(load: (clientKey: string) => Promise<SigningKey>): Dpop {
  const keys = new Map<string, SigningKey>()
  const clients = new Map<string, Fetch | undefined>()
  /** By origin, so that no server receives the nonce of another one. */
  const servers = new Map<string, Known>()

  async function loadKey(clientKey: string): Promise<SigningKey> {
    const key = await load(clientKey)
    keys.set(clientKey, key)
    return key
  }

  function learn(origin: string, known: Known) {
    servers.delete(origin)
    servers.set(origin, known)
    if (servers.size > MAX_SERVERS) servers.delete(servers.keys().next().value as string)
  }

  const dpop: Dpop = {
    async fetch(input, init) {
      const [[clientKey, fetch] = noClient(), another] = clients
      if (another) throw severalClients()
      const { once, copy } = requestCopies(input, init)
      return dpop.attempt(clientKey, ({ fetch }) => fetch(copy()), { fetch: fetch ?? globalThis.fetch, once })
    },

    addClient(clientKey, fetch) {
      // The first one that is named: a thumbprint names none.
      clients.set(clientKey, clients.get(clientKey) ?? (fetch as Fetch))
    },

    async thumbprint(clientKey, atHand) {
      dpop.addClient(clientKey)
      return thumbprintOf(((atHand && keys.get(clientKey)) || (await loadKey(clientKey))).publicJwk)
    },

    async attempt(clientKey, request, options) {
      const { once } = options
      const fetch = (options.fetch ?? globalThis.fetch) as Fetch
      dpop.addClient(clientKey, fetch)
      let again = false
      const proving: Fetch = async (input, init) => {
        const sent = new Request(input, init)
        const { url, method, headers } = sent
        const { origin, pathname } = new URL(url)
        const [, token] = /^DPoP (.+)/.exec(headers.get('authorization') ?? '') ?? []
        const known = servers.get(origin) ?? { aheadSeconds: 0 }
        const key = keys.get(clientKey) ?? (await loadKey(clientKey))
        headers.set(
          'dpop',
          await signed(key, {
            jti: randomToken(),
            htm: method,
            // Without query and fragment (§4.2).
            htu: origin + pathname,
            iat: Math.floor(Date.now() / 1000 + known.aheadSeconds),
            nonce: known.nonce,
            ath: token && (await sha256(token)),
          }),
        )
        // The `fetch` of the package undici does not accept the runtime's own Request.
        const response = await (typeof input === 'string' ? fetch(input, { ...init, headers }) : fetch(sent))
        const newest = nonceOf(response)
        const refused = token
          ? response.status === 401 && challengeOf(response).error
          : response.status === 400 && (await errorIn(url, response))
        const clock = refused === 'invalid_dpop_proof' && aheadSecondsOf(response)
        if (newest || clock) learn(origin, { nonce: newest ?? known.nonce, aheadSeconds: clock || known.aheadSeconds })
        again = !once && !!(clock || (refused === 'use_dpop_nonce' && newest))
        if (again && token) response.body?.cancel().catch(() => {})
        return response
      }
      try {
        const result = await request({ ...options, fetch: proving })
        if (!again) return result
      } catch (error) {
        if (!again) throw error
      }
      return request({ ...options, fetch: proving })
    },
  }
  return dpop
}

function noClient(): never {
  throw new ProofkeyError(
    'config_invalid',
    'dpop.fetch() has no key: this dpop was passed to no client.',
    'Pass it to createClient() first.',
  )
}

const severalClients = () =>
  new ProofkeyError(
    'config_invalid',
    'dpop.fetch() cannot choose a key: this dpop was passed to several clients.',
    'Create one dpop() for each client.',
  )

/** Ignores the nonce after a redirect (it is of another server), and one that is too long. */
function nonceOf({ headers, redirected }: Response): string | undefined {
  const nonce = headers.get('dpop-nonce') ?? ''
  return redirected || nonce.length > MAX_NONCE ? undefined : nonce || undefined
}

/** A JWS (RFC 7515 §3.1) with the public key in its header (RFC 9449 §4.2). */
async function signed({ privateKey, publicJwk }: SigningKey, claims: object): Promise<string> {
  const { crv, kty, x, y } = publicJwk
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } }
  const input = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
  return `${input}.${base64url(new Uint8Array(await subtle().sign(ES256, privateKey, utf8(input))))}`
}

/** The error in the body of a token response (RFC 6749 §5.2). */
async function errorIn(url: string, response: Response): Promise<unknown> {
  try {
    return oauthErrorOf(JSON.parse(new TextDecoder().decode(await readBody(url, response.clone()))))?.error
  } catch {
    return undefined
  }
}
