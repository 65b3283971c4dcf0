import { type AnyValueMap, type Logger, SeverityNumber } from '@opentelemetry/api-logs'
// In an app of yours: from 'proofkey' or 'proofkey/server'.
import type { ProofkeyEvent } from '../../src/index.js'

/** Codes and reasons behind which somebody may be at work. */
const ALARMING = new Set([
  'acr_not_met',
  'already_completed',
  'answer_refused',
  'callback_issuer_mismatch',
  'exchange_refused',
  'id_token_invalid',
  'issuer_mismatch',
  'logout_token_invalid',
  'pkce_unsupported',
  'record_unreadable',
  'redirect_uri_mismatch',
  'token_request_refused',
  'unknown_state',
])
/** Those that a person's own doing, or the app's limits, account for. */
const ORDINARY = new Set([
  'aborted',
  'access_denied',
  'cancelled',
  'elsewhere',
  'expired',
  'idle',
  'login_required',
  'signed_out',
  'too_long',
])
/** Events without a code that are worth a look. */
const NOTABLE = new Set(['pkce_not_advertised', 'return_to_refused', 'scope_changed', 'step_up_required'])

/**
 * A listener for `auth.subscribe` that turns each event into a log record: its name, time and severity, and what it
 * says as attributes. Events hold no secrets, so neither do the records.
 */
export function toLogRecords(logger: Logger): (event: ProofkeyEvent) => void {
  return (event) => {
    const { type, atMs, ...rest } = event
    const severityText = severityOf(event)
    const attributes = Object.entries(rest).map(([name, value]) => [`proofkey.${inWords(name)}`, value])
    logger.emit({
      eventName: `proofkey.${type}`,
      timestamp: atMs,
      severityNumber: SeverityNumber[severityText],
      severityText,
      attributes: Object.fromEntries(attributes) as AnyValueMap,
    })
  }
}

function severityOf(event: ProofkeyEvent): 'INFO' | 'WARN' | 'ERROR' {
  const why = 'code' in event ? event.code : 'reason' in event ? event.reason : ''
  if (ALARMING.has(why)) return 'ERROR'
  return NOTABLE.has(event.type) || (why && !ORDINARY.has(why)) ? 'WARN' : 'INFO'
}

/** As OpenTelemetry writes names: `clientId` is `client_id`. */
const inWords = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
