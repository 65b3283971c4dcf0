import { codeOf, ProofkeyError } from '../errors.js'
import type { EventBody } from '../events.js'
import { STALE_METADATA_SECONDS } from '../limits.js'
import { createCache } from '../protocol/discovery/cached.js'
import { type CheckedMetadata, discover, type ServerMetadata } from '../protocol/discovery/metadata.js'
import type { JwsHeader } from '../protocol/jose/jws.js'
import { createKeySource, type KeySource, loadKeys } from '../protocol/jose/key-source.js'
import type { ResourceServerConfig, TrustedIssuer } from './resource-server-config.js'

/** A trusted authorization server, with what was loaded from it. */
export interface Issuer extends TrustedIssuer {
  server(): Promise<ServerMetadata>
  readonly keys: KeySource
}

const METADATA_SECONDS = 3600

/** Loads metadata and keys when they are needed first, and keeps them: a request with a forged token causes none. */
export function createIssuer(
  trusted: TrustedIssuer,
  { fetch, timeoutSeconds, insecure }: ResourceServerConfig,
  report: (event: EventBody) => void,
): Issuer {
  const { issuer, metadata } = trusted
  const options = { fetch, timeoutSeconds, insecure }

  async function load(): Promise<ServerMetadata> {
    report({ type: 'metadata_requested' })
    const redirected = (endpoint: string) => report({ type: 'metadata_redirected', endpoint })
    const server = await discover(issuer, { ...options, check }, redirected)
    report({ type: 'metadata_loaded' })
    return server
  }
  const cached = createCache(load, {
    lifetimeSeconds: METADATA_SECONDS,
    staleSeconds: STALE_METADATA_SECONDS,
    onFailure: (error, stale) => report({ type: 'metadata_failed', code: codeOf(error), stale }),
  })
  const server = async () => (metadata as ServerMetadata | undefined) ?? cached.get()
  const find = createKeySource(
    async () => loadKeys(await server(), options),
    (error, stale) => report({ type: 'keys_failed', code: codeOf(error), stale }),
  )
  const keys = (header: JwsHeader) =>
    find(header).catch((error) => {
      throw unavailable('The keys of the authorization server could not be loaded.', error)
    })
  return { ...trusted, server, keys }
}

/** Only the issuer (RFC 8414 §3.3): this API starts no sign-in, so it needs no PKCE and no other endpoint. */
const check = (metadata: ServerMetadata, issuer: string): CheckedMetadata => {
  if (metadata?.issuer !== issuer)
    throw new ProofkeyError(
      'issuer_mismatch',
      'The metadata has another issuer.',
      'Set issuer exactly as the server does.',
    )
  return metadata as CheckedMetadata
}

export const unavailable = (message: string, cause: unknown): ProofkeyError =>
  new ProofkeyError('validation_unavailable', message, 'Try again.', { cause, retryable: true })
