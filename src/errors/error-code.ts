/**
 * The error codes. They are stable. `docs/errors/` has a page for each: the usual causes, how to find out which, the repair.
 */
export type ErrorCode =
  // configuration and environment
  | 'config_invalid'
  | 'insecure_context'
  | 'storage_unavailable'
  | 'storage_full'
  | 'storage_refused_key'
  | 'storage_outcome_unknown'
  // the authorization server's metadata
  | 'issuer_mismatch'
  | 'resource_mismatch'
  | 'endpoint_refused'
  | 'pkce_unsupported'
  | 'client_auth_unsupported'
  | 'not_supported'
  // the network; `retryable` tells whether the same call can be repeated
  | 'network_error'
  | 'timeout'
  | 'aborted'
  | 'response_refused'
  // the callback
  | 'callback_malformed'
  | 'unknown_state'
  | 'expired'
  | 'already_completed'
  | 'other_client'
  | 'record_unreadable'
  | 'callback_issuer_mismatch'
  | 'redirect_uri_mismatch'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'
  | 'authorization_failed'
  // user agents and registration
  | 'cancelled'
  | 'popup_blocked'
  | 'popup_already_open'
  | 'frame_blocked'
  | 'callback_not_relayed'
  | 'embedded_webview'
  | 'registration_refused'
  | 'client_unregistered'
  // server client
  | 'start_refused'
  | 'exchange_refused'
  | 'forward_refused'
  | 'logout_token_invalid'
  // the token endpoint
  | 'token_request_refused'
  | 'token_response_invalid'
  | 'id_token_invalid'
  | 'acr_not_met'
  | 'scope_missing'
  | 'authorization_details_mismatch'
  // APIs, called with the session's tokens
  | 'insufficient_scope'
  | 'step_up_required'
  | 'step_up_failed'
  | UnauthorizedCode

/** Of a resource server: why a request was not authorized. */
export type UnauthorizedCode =
  | 'token_missing'
  | 'request_malformed'
  | 'token_refused'
  | 'dpop_proof_refused'
  | 'dpop_nonce_required'
  | 'validation_unavailable'

/** The claims that are checked: `claim` of `id_token_invalid`, `acr_not_met` and `token_refused`. */
export type CheckedClaim =
  | 'iss'
  | 'sub'
  | 'aud'
  | 'azp'
  | 'exp'
  | 'nbf'
  | 'iat'
  | 'nonce'
  | 'auth_time'
  | 'acr'
  | 'at_hash'
  | 'client_id'
  | 'jti'
  | 'scope'
  | 'cnf'
