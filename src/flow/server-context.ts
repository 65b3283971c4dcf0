import { codeOf } from '../errors.js'
import { createEmitter, type EventBody, type ProofkeyEvent } from '../events.js'
import { STALE_METADATA_SECONDS } from '../limits.js'
import { clientKeyOf } from '../protocol/client-key.js'
import { createCache } from '../protocol/discovery/cached.js'
import { type CheckedMetadata, checkMetadata, discover } from '../protocol/discovery/metadata.js'
import { scopes } from '../protocol/scope.js'
import type { FlowConfig } from './flow-config.js'
import type { KeptMetadata } from './kept-metadata.js'

/**
 * What every client of one authorization server has: its key, its events and the server's metadata.
 * @param kept metadata that outlasts the page
 * @param onMetadata is called with each metadata that comes into use
 */
export function createServerContext(
  config: Omit<FlowConfig, 'redirectUri'>,
  kept?: KeptMetadata,
  onMetadata?: (server: CheckedMetadata) => void,
) {
  const { issuer, clientId, insecure } = config
  const clientKey = clientKeyOf(issuer, clientId, config.partition)
  config.dpop?.addClient(clientKey, config.fetch)
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  const report = (event: EventBody, transaction?: string) =>
    emit({ atMs: Date.now(), issuer, clientId, transaction, ...event })

  const given = config.metadata && checkMetadata(config.metadata, issuer, insecure)
  const request = async () => {
    report({ type: 'metadata_requested' })
    const onRedirect = (endpoint: string) => report({ type: 'metadata_redirected', endpoint })
    const server = await discover(issuer, config, onRedirect, kept?.write)
    report({ type: 'metadata_loaded' })
    return server
  }
  const load = async (aged: (seconds: number) => void) => {
    const found = given ?? (await kept?.read(aged)) ?? (await request())
    const server = config.profile?.server(found) ?? found
    onMetadata?.(server)
    return server
  }
  const { get: metadata } = createCache(load, {
    lifetimeSeconds: config.metadataLifetimeSeconds ?? 3600,
    staleSeconds: STALE_METADATA_SECONDS,
    onFailure: (error, stale) => report({ type: 'metadata_failed', code: codeOf(error), stale }),
  })

  return {
    clientKey,
    report,
    subscribe,
    metadata,

    /** Reports how the granted scope differs from the requested one. */
    reportScope(requestedScope: string | undefined, grantedScope: string, transaction?: string) {
      const requested = scopes(requestedScope)
      const granted = scopes(grantedScope)
      const missing = requested.filter((value) => !granted.includes(value))
      const added = granted.filter((value) => !requested.includes(value))
      if (missing.length + added.length) report({ type: 'scope_changed', missing, added }, transaction)
    },
  }
}
