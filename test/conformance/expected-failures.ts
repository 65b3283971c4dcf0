/** Scenarios that this client does not pass, and why. One that passes must leave the list. */
export const EXPECTED_FAILURES: Readonly<Record<string, string>> = {
  'auth/2025-03-26-oauth-metadata-backcompat':
    'Of a revision before RFC 9728: without metadata of the resource, nothing says whose tokens it accepts.',
  'auth/2025-03-26-oauth-endpoint-fallback':
    'Of a revision before RFC 9728: the endpoints would have to be guessed, and PKCE support with them.',
  'auth/client-credentials-jwt': 'An extension without a user: no session client has this grant.',
  'auth/client-credentials-basic': 'An extension without a user: no session client has this grant.',
  'auth/enterprise-managed-authorization': 'An extension: tokens by an exchange at the identity provider of a company.',
  'auth/wif-jwt-bearer': 'An extension without a user: the JWT bearer grant with the identity of a workload.',
}
