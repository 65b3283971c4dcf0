import { createKeyring } from '../crypto/keyring.js'
import { randomToken } from '../crypto/random.js'
import { codeOf } from '../errors.js'
import type { EventBody } from '../events.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'
import { certificateThumbprint } from '../protocol/resource/certificate.js'
import type { Credentials } from '../protocol/resource/credentials.js'
import { createDpopNonces } from '../protocol/resource/dpop-nonce.js'
import { createProofValidator, proofRefused } from '../protocol/resource/dpop-proof.js'
import { type Claims, tokenRefused } from '../protocol/resource/token-checks.js'
import { unavailable } from './issuers.js'
import { ALGORITHMS, type ResourceServerConfig } from './resource-server-config.js'

/** What a token is bound to, `none` for a bearer token. */
export type Binding = 'none' | 'dpop' | 'mutual-tls'

export interface Constraint {
  readonly binding: Binding
  /** The next nonce, if the client's one is old. */
  readonly nonce?: string | undefined
}

/** Checks that a bound token comes from who it was issued to (RFC 9449 §7, RFC 8705 §3). */
export function createConstraintCheck(
  config: ResourceServerConfig,
  resource: string,
  report: (event: EventBody) => void,
) {
  const { dpop, mutualTls, algorithms = ALGORITHMS, clockToleranceSeconds = 30, url } = config
  const { origin } = new URL(resource)
  const nonces = dpop?.nonceKeys && createDpopNonces(createKeyring(dpop.nonceKeys), resource, dpop.nonceSeconds ?? 300)
  const validate = createProofValidator({
    algorithms,
    clockToleranceSeconds,
    proofSeconds: dpop?.proofSeconds ?? 60,
    nonces,
  })

  function urlOf(request: Request): string {
    if (url) return url(request)
    // The host of the request is what the client says: a proof for another server would fit there.
    return origin + (parseUrl(request.url)?.pathname ?? '')
  }

  /** A proof is remembered last: only who has the key can fill the cache. */
  async function claimProof(id: string, seconds: number) {
    const replayCache = dpop?.replayCache
    const attempt = { id, token: randomToken() }
    const claimed = await replayCache?.claim(attempt, Math.ceil(seconds * 1000)).catch((error) => {
      report({ type: 'replay_cache_failed', code: codeOf(error) })
      throw unavailable('It is not known whether the DPoP proof was used before.', error)
    })
    if (claimed !== 'claimed') throw proofRefused('it was used before')
  }

  async function checkProof(request: Request, token: string, thumbprint: string): Promise<Constraint> {
    const { method, headers } = request
    const expected = { method, url: urlOf(request), token, thumbprint }
    const { id, acceptedForSeconds, nonceIsOld } = await validate(headers.get('dpop'), expected)
    await claimProof(id, acceptedForSeconds)
    return { binding: 'dpop', nonce: nonceIsOld ? await nonces?.current() : undefined }
  }

  async function checkCertificate(request: Request, thumbprint: string): Promise<Constraint> {
    const certificate = await mutualTls?.certificateOf(request)
    if ((await certificateThumbprint(certificate)) !== thumbprint)
      throw tokenRefused('it is bound to another client certificate, or the connection has none', 'cnf')
    return { binding: 'mutual-tls' }
  }

  return {
    nonces,
    async check(request: Request, { scheme, token }: Credentials, { cnf }: Claims): Promise<Constraint> {
      const { jkt, 'x5t#S256': x5t } = Object(cnf)
      if (mutualTls?.required && !x5t) throw tokenRefused('it is bound to no client certificate', 'cnf')
      if (jkt) {
        if (!dpop) throw tokenRefused('it is bound to a DPoP key, and dpop is not configured', 'cnf')
        // As a bearer token, who stole it could use it (RFC 9449 §7.2).
        if (scheme !== 'DPoP') throw tokenRefused('it is bound to a DPoP key, and was sent as a bearer token', 'cnf')
        return checkProof(request, token, jkt)
      }
      if (scheme === 'DPoP') throw tokenRefused('it is bound to no DPoP key, and was sent with the scheme DPoP', 'cnf')
      if (dpop?.required) throw tokenRefused('it is bound to no DPoP key', 'cnf')
      if (x5t) return checkCertificate(request, x5t)
      return { binding: 'none' }
    },
  }
}
