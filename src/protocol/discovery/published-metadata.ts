import type { Json } from '../json.js'

/**
 * What an authorization server says of itself, under the standard names: RFC 8414 §2, OpenID Connect Discovery 1.0 §3, and
 * the IANA registry "OAuth Authorization Server Metadata".
 */
export interface PublishedMetadata {
  readonly issuer: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly jwks_uri?: string
  readonly registration_endpoint?: string
  readonly scopes_supported?: string[]
  readonly response_types_supported?: string[]
  readonly response_modes_supported?: string[]
  readonly grant_types_supported?: string[]
  readonly token_endpoint_auth_methods_supported?: string[]
  readonly token_endpoint_auth_signing_alg_values_supported?: string[]
  readonly service_documentation?: string
  readonly ui_locales_supported?: string[]
  readonly op_policy_uri?: string
  readonly op_tos_uri?: string
  readonly revocation_endpoint?: string
  readonly revocation_endpoint_auth_methods_supported?: string[]
  readonly revocation_endpoint_auth_signing_alg_values_supported?: string[]
  readonly introspection_endpoint?: string
  readonly introspection_endpoint_auth_methods_supported?: string[]
  readonly introspection_endpoint_auth_signing_alg_values_supported?: string[]
  readonly code_challenge_methods_supported?: string[]
  readonly signed_metadata?: string
  readonly device_authorization_endpoint?: string
  readonly tls_client_certificate_bound_access_tokens?: boolean
  /** Endpoints for mutual TLS (RFC 8705 §5). */
  readonly mtls_endpoint_aliases?: { readonly [endpoint: string]: string | undefined }
  readonly userinfo_endpoint?: string
  readonly acr_values_supported?: string[]
  readonly subject_types_supported?: string[]
  readonly id_token_signing_alg_values_supported?: string[]
  readonly id_token_encryption_alg_values_supported?: string[]
  readonly id_token_encryption_enc_values_supported?: string[]
  readonly userinfo_signing_alg_values_supported?: string[]
  readonly userinfo_encryption_alg_values_supported?: string[]
  readonly userinfo_encryption_enc_values_supported?: string[]
  readonly request_object_signing_alg_values_supported?: string[]
  readonly request_object_encryption_alg_values_supported?: string[]
  readonly request_object_encryption_enc_values_supported?: string[]
  readonly display_values_supported?: string[]
  readonly claim_types_supported?: string[]
  readonly claims_supported?: string[]
  readonly claims_locales_supported?: string[]
  readonly claims_parameter_supported?: boolean
  readonly request_parameter_supported?: boolean
  readonly request_uri_parameter_supported?: boolean
  readonly require_request_uri_registration?: boolean
  readonly require_signed_request_object?: boolean
  readonly pushed_authorization_request_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly introspection_signing_alg_values_supported?: string[]
  readonly introspection_encryption_alg_values_supported?: string[]
  readonly introspection_encryption_enc_values_supported?: string[]
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly authorization_signing_alg_values_supported?: string[]
  readonly authorization_encryption_alg_values_supported?: string[]
  readonly authorization_encryption_enc_values_supported?: string[]
  readonly backchannel_authentication_endpoint?: string
  readonly backchannel_authentication_request_signing_alg_values_supported?: string[]
  readonly backchannel_token_delivery_modes_supported?: string[]
  readonly backchannel_user_code_parameter_supported?: boolean
  readonly check_session_iframe?: string
  readonly dpop_signing_alg_values_supported?: string[]
  readonly end_session_endpoint?: string
  readonly frontchannel_logout_session_supported?: boolean
  readonly frontchannel_logout_supported?: boolean
  readonly backchannel_logout_session_supported?: boolean
  readonly backchannel_logout_supported?: boolean
  readonly protected_resources?: string[]
  readonly [metadata: string]: Json | undefined
}
