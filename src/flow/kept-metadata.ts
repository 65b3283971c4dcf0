import { KEPT_METADATA_PATIENCE_MS, MAX_KEPT_METADATA_SECONDS, withinTime } from '../limits.js'
import { freshSeconds } from '../protocol/discovery/fresh-seconds.js'
import { type CheckedMetadata, checkMetadata, type ServerMetadata } from '../protocol/discovery/metadata.js'
import type { Vault } from '../vault/vault.js'
import type { FlowConfig } from './flow-config.js'

/** Metadata that outlasts the page. Where the storage fails there is none. */
export interface KeptMetadata {
  /** What an earlier page kept, if it is fresh and passes the checks. @param aged is called with its age */
  read(aged: (seconds: number) => void): Promise<CheckedMetadata | undefined>
  /** Keeps it if the response allows that; otherwise, and without arguments, drops what was kept. */
  write(server?: ServerMetadata, headers?: Headers): void
}

/** JSON, so that nothing is read that a server could not send. */
type KeptRecord = readonly [server: ServerMetadata | undefined, atMs: number, freshSeconds: number]

/** Keeps a server's metadata for later pages, for an hour at most. */
export function keepMetadata(
  documents: NonNullable<Vault['documents']>,
  { issuer, insecure, metadataLifetimeSeconds = MAX_KEPT_METADATA_SECONDS }: FlowConfig,
): KeptMetadata {
  const ageOf = ([, atMs]: KeptRecord) => (Date.now() - atMs) / 1000

  /**
   * Any script of the origin can write to the storage, once and for later pages. So that it cannot send their codes and tokens
   * to another host, metadata with an endpoint elsewhere is not kept. A record is from the future if the clock was set.
   */
  const isUsable = (record: KeptRecord) =>
    ageOf(record) >= 0 &&
    ageOf(record) < Math.min(record[2], metadataLifetimeSeconds, MAX_KEPT_METADATA_SECONDS) &&
    [record[0]!, record[0]!.mtls_endpoint_aliases ?? {}]
      .flatMap(Object.entries)
      .every(([name, value]) => !/endpoint$|jwks/.test(name) || `${value}`.startsWith(new URL('/', issuer).href))

  return {
    async read(aged) {
      try {
        const text = await withinTime(documents.read(issuer), KEPT_METADATA_PATIENCE_MS, () => undefined)
        const record: KeptRecord = JSON.parse(text!)
        if (!isUsable(record)) return undefined
        const server = checkMetadata(record[0]!, issuer, insecure)
        aged(ageOf(record))
        return server
      } catch {
        // None, late, or refused: it is loaded, and replaced.
        return undefined
      }
    },

    async write(server, headers) {
      try {
        const record: KeptRecord = [server, Date.now(), headers ? freshSeconds(headers) : 0]
        await documents.write(issuer, isUsable(record) ? JSON.stringify(record) : undefined)
      } catch {
        // Also a document that cannot be written as JSON, because it is nested too deep: it is not kept.
      }
    },
  }
}
