import { base64url } from '../../crypto/base64url.js'
import { sha256 } from '../../crypto/digest.js'
import { randomToken } from '../../crypto/random.js'
import { ES256, type SigningKey, thumbprintOf } from '../../crypto/signing-key.js'
import { subtle, utf8 } from '../../crypto/web-crypto.js'
import { oauthErrorOf, ProofkeyError } from '../../errors.js'
import { aheadMs } from '../clock.js'
import { readBody } from '../request.js'
import { requestCopies } from '../request-copies.js'
import { challengeOf } from '../resource/challenge.js'

type Fetch = typeof globalThis.fetch

/**
 * Ties tokens to a key: who steals a token without the key cannot use it (RFC 9449). A `clientKey` names the client whose
 * key it is: `JSON.stringify([issuer, clientId])`.
 */
export interface Dpop {
  /**
   * `fetch` for an API, with a fresh proof for the token that you set: `Authorization: DPoP …` (§7.1). Uses the key of the
   * client that was made with this `dpop`, and the client's own `fetch`. Sends the request once more where the API asks
   * for a nonce (§9) or its clock is another one, unless the body is a stream.
   * @throws what `fetch` does; `config_invalid`, where no client was made with this `dpop`, or more than one; and what
   * finding the key can
   */
  fetch: Fetch
  /** Called by each client that is made with this `dpop`, so that {@link Dpop.fetch} knows the key and the `fetch` to use. */
  addClient(clientKey: string, fetch?: Fetch): void
  /**
   * The thumbprint of the client's key, `dpop_jkt` (§10); the key is looked up anew, and made where there is none.
   * @param atHand that of the key which this page has signed with last, whatever has become of it elsewhere
   */
  thumbprint(clientKey: string, atHand?: boolean): Promise<string>
  /**
   * Runs a request by a `fetch` that adds a fresh proof each time, with `ath` where the request carries
   * `Authorization: DPoP …`; and once more where the server asked for a nonce (§8, §9) or its clock is another one.
   * @param options with `once`, the request is never run again
   */
  attempt<Options extends AttemptOptions, T>(
    clientKey: string,
    request: (options: Options) => Promise<T>,
    options: Options,
  ): Promise<T>
  /** Gives the key up: the next one is another. */
  forget?(clientKey: string): Promise<void>
}

interface AttemptOptions {
  readonly fetch?: Fetch | undefined
  readonly once?: boolean | undefined
}

/** What a server has said of itself. */
interface Known {
  readonly nonce?: string | undefined
  /** How far its clock is ahead, in milliseconds. */
  readonly aheadMs: number
}

/** As many servers are remembered. */
const MAX_SERVERS = 100
/** In characters; every request would carry it. */
const MAX_NONCE = 1000

/**
 * Proofs by a key of one's own.
 * @param load finds or makes the client's key; asked for each thumbprint, and else until it gave one. What it fails with is
 * what the methods fail with
 */
export function createDpop(load: (clientKey: string) => Promise<SigningKey>): Dpop {
  const keys = new Map<string, SigningKey>()
  const clients = new Map<string, Fetch | undefined>()
  /** By origin: no server sees a nonce of another one. */
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
      if (!clients.has(clientKey)) clients.set(clientKey, fetch)
    },

    async thumbprint(clientKey, atHand) {
      dpop.addClient(clientKey)
      return thumbprintOf(((atHand && keys.get(clientKey)) || (await loadKey(clientKey))).publicJwk)
    },

    async attempt(clientKey, request, options) {
      const { fetch = globalThis.fetch, once } = options
      dpop.addClient(clientKey, fetch)
      let again = false
      const proving: Fetch = async (input, init) => {
        const sent = new Request(input, init)
        const { url, method, headers } = sent
        const { origin, pathname } = new URL(url)
        const [, token] = /^DPoP (.+)/.exec(headers.get('authorization') ?? '') ?? []
        const known = servers.get(origin) ?? { aheadMs: 0 }
        const key = keys.get(clientKey) ?? (await loadKey(clientKey))
        headers.set(
          'dpop',
          await signed(key, {
            jti: randomToken(),
            htm: method,
            // Without query and fragment (§4.2).
            htu: origin + pathname,
            iat: Math.floor((Date.now() + known.aheadMs) / 1000),
            nonce: known.nonce,
            ath: token && (await sha256(token)),
          }),
        )
        const response = await fetch(sent)
        const newest = nonceOf(response)
        const refused = token
          ? response.status === 401 && challengeOf(response).error
          : response.status === 400 && (await errorIn(url, response))
        const clock = refused === 'invalid_dpop_proof' && aheadMs(response)
        if (newest || clock) learn(origin, { nonce: newest ?? known.nonce, aheadMs: clock || known.aheadMs })
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
    'dpop.fetch() has no key to use: no client was made with this dpop.',
    'Pass it to createClient() first.',
  )
}

const severalClients = () =>
  new ProofkeyError(
    'config_invalid',
    'dpop.fetch() cannot tell whose key to use: several clients were made with this dpop.',
    'Make a dpop() for each client.',
  )

/** Not one of another server, where a redirect was followed, nor one that would fill every request. */
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

/** A token endpoint's answer says it in its body (RFC 6749 §5.2). */
async function errorIn(url: string, response: Response): Promise<unknown> {
  try {
    return oauthErrorOf(JSON.parse(await (await readBody(url, response.clone())).text()))?.error
  } catch {
    return undefined
  }
}
