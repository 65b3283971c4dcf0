import { sha256 } from '../../crypto/digest.js'
import { ProofkeyError } from '../../errors.js'
import { MAX_CREDENTIAL_LENGTH } from '../../limits.js'
import { timeProblem } from '../clock.js'
import { parseUrl } from '../discovery/endpoint.js'
import { thumbprintInput } from '../jose/jwk-thumbprint.js'
import { isSignedBy, type Jwt, keysFor, type PublicJwk, parseJwt } from '../jose/jws.js'
import { isName, isTime } from '../json.js'
import type { DpopNonces } from './dpop-nonce.js'
import { SERVERS_SKEW_SECONDS } from './dpop-nonce.js'

/** What a proof must fit. */
export interface ProofExpectations {
  readonly method: string
  /** The URL that the client requested. */
  readonly url: string
  readonly token: string
  /** `cnf.jkt` of the token. */
  readonly thumbprint: string
}

export interface ProofPolicy {
  readonly algorithms: readonly string[]
  /** How old a proof without a server's nonce may be. */
  readonly proofSeconds: number
  readonly clockToleranceSeconds: number
  readonly nonces?: DpopNonces | undefined
}

/** A valid proof. */
export interface ProofResult {
  /** Identifies the proof, to detect its replay: a digest of key and `jti`. */
  readonly id: string
  /** How long the proof would be accepted again. */
  readonly acceptedForSeconds: number
  /** Whether the response should bring a new nonce. */
  readonly nonceIsOld: boolean
}

/** The number of client keys that are kept imported, and the thumbprints known. */
const MAX_KEYS = 1000
/** Members of private and symmetric keys (RFC 7518 §6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Validates DPoP proofs of requests for a protected resource (RFC 9449 §4.3 and §7.1). That a proof was not used before is
 * checked by the caller, with `id`.
 */
export function createProofValidator({ algorithms, proofSeconds, clockToleranceSeconds, nonces }: ProofPolicy) {
  /** Keys of valid proofs by their thumbprint, which stay imported. */
  const known = new Map<string, { readonly input: string; readonly jwk: PublicJwk }>()

  /** The key in the header, if it has this thumbprint. */
  async function keyIn({ header }: Jwt, thumbprint: string): Promise<PublicJwk> {
    const jwk = Object((header as { jwk?: unknown }).jwk) as PublicJwk
    if (PRIVATE.some((name) => name in jwk)) throw proofRefused('its jwk has private members')
    const input = thumbprintInput(jwk)
    if (input === undefined || !keysFor({ alg: header.alg }, [jwk])[0])
      throw proofRefused('its jwk is not a key for its alg')
    const kept = known.get(thumbprint)
    if (kept?.input === input) return kept.jwk
    if ((await sha256(input)) !== thumbprint) throw proofRefused('its key is not that of the access token')
    return jwk
  }

  function keep(thumbprint: string, jwk: PublicJwk) {
    if (known.has(thumbprint)) return
    known.set(thumbprint, { input: thumbprintInput(jwk) as string, jwk })
    if (known.size > MAX_KEYS) known.delete(known.keys().next().value as string)
  }

  /** @throws `dpop_proof_refused`, `dpop_nonce_required` */
  return async (proof: string | null, { method, url, token, thumbprint }: ProofExpectations): Promise<ProofResult> => {
    if (!proof) throw proofRefused('it is missing')
    // `Headers` joins repeated headers with a comma, which no JWT contains.
    const jwt = proof.length <= MAX_CREDENTIAL_LENGTH ? parseJwt(proof) : undefined
    if (!jwt) throw proofRefused('it is not one signed JWT')
    const { header, claims } = jwt
    const { jti, htm, htu, iat, nonce, ath } = claims
    const nowSeconds = Date.now() / 1000
    const oldestSeconds = nowSeconds - proofSeconds - clockToleranceSeconds
    const checks = {
      typ: `${header.typ}`.toLowerCase() === 'dpop+jwt',
      alg: algorithms.includes(header.alg),
      jti: isName(jti),
      htm: htm === method,
      htu: normalized(htu) !== undefined && normalized(htu) === normalized(url),
      // With a nonce of ours it does not matter what the client takes for the time (RFC 9449 §4.3, 11).
      iat: isTime(iat) && (nonces || (iat >= oldestSeconds && iat <= nowSeconds + clockToleranceSeconds)),
      ath: isName(ath) && ath === (await sha256(token)),
    }
    const failed = Object.entries(checks).find(([, passed]) => !passed)?.[0]
    if (failed) throw proofRefused(failed === 'iat' ? timeProblem(failed, iat) : `its ${failed} is missing or wrong`)
    const key = await keyIn(jwt, thumbprint)
    const age = await nonces?.check(nonce)
    if (nonces && !age) throw nonceRequired()
    if (!(await isSignedBy(jwt, key))) throw proofRefused('its signature is wrong')
    keep(thumbprint, key)
    return {
      id: await sha256(`dpop ${thumbprint} ${jti}`),
      acceptedForSeconds: nonces
        ? nonces.lifetimeSeconds + SERVERS_SKEW_SECONDS
        : (iat as number) - oldestSeconds + SERVERS_SKEW_SECONDS,
      nonceIsOld: age === 'old',
    }
  }
}

/**
 * A URL for comparison (RFC 3986 §6.2.2, §6.2.3): without query and fragment, and with one spelling of percent-encoding.
 * @returns undefined if it is no URL of http
 */
export function normalized(value: unknown): string | undefined {
  const url = parseUrl(value)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const path = url.pathname.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number(`0x${encoded.slice(1)}`))
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
  })
  return url.origin + path
}

export const proofRefused = (what: string): ProofkeyError =>
  new ProofkeyError('dpop_proof_refused', `The DPoP proof was refused: ${what}.`, 'Send a new proof for each request.')

const nonceRequired = () =>
  new ProofkeyError('dpop_nonce_required', 'The DPoP proof needs a nonce of this server.', 'Use that of DPoP-Nonce.')
