import { ProofkeyError } from '../../errors.js'
import type { CheckedMetadata } from './metadata.js'

/** The algorithms of FAPI 2.0 Security Profile §5.4.1; `EdDSA` with Ed25519, under its older and its newer name. */
export const FAPI2_ALGORITHMS: readonly string[] = ['PS256', 'ES256', 'EdDSA', 'Ed25519']

/** What the client uses of what the profile leaves open. */
export interface Fapi2Choices {
  readonly authMethod: string
  /** Of the client's assertions; undefined for mutual TLS. */
  readonly assertionAlgorithm: string | undefined
  readonly dpop: boolean
}

/**
 * Checks the server's metadata against FAPI 2.0 Security Profile §5.3.2. Unlike elsewhere, a list that is missing is missing: a
 * server of the profile publishes what it does (§5.3.2.1, 1).
 * @returns the metadata with the algorithms of the profile only
 * @throws `not_supported`, with all that is missing
 */
export function checkFapi2Server(
  server: CheckedMetadata,
  { authMethod, assertionAlgorithm, dpop }: Fapi2Choices,
): CheckedMetadata {
  const listOf = (name: string) => [server[name] ?? []].flat() as unknown[]
  const { id_token_signing_alg_values_supported: idTokenAlgorithms = FAPI2_ALGORITHMS } = server
  const allowed = [idTokenAlgorithms].flat().filter((algorithm) => FAPI2_ALGORITHMS.includes(algorithm))
  const requirements: readonly (readonly [requirement: string, isMet: unknown])[] = [
    ['pushed_authorization_request_endpoint', server.pushed_authorization_request_endpoint],
    [
      'authorization_response_iss_parameter_supported: true',
      server.authorization_response_iss_parameter_supported === true,
    ],
    ['S256 in code_challenge_methods_supported', listOf('code_challenge_methods_supported').includes('S256')],
    [
      `${authMethod} in token_endpoint_auth_methods_supported`,
      listOf('token_endpoint_auth_methods_supported').includes(authMethod),
    ],
    [
      `${assertionAlgorithm} in token_endpoint_auth_signing_alg_values_supported`,
      !assertionAlgorithm || listOf('token_endpoint_auth_signing_alg_values_supported').includes(assertionAlgorithm),
    ],
    [
      'ES256 in dpop_signing_alg_values_supported',
      !dpop || listOf('dpop_signing_alg_values_supported').includes('ES256'),
    ],
    [
      'tls_client_certificate_bound_access_tokens: true',
      dpop || server.tls_client_certificate_bound_access_tokens === true,
    ],
    [`${FAPI2_ALGORITHMS.slice(0, 3).join(', ')} or Ed25519 in id_token_signing_alg_values_supported`, allowed[0]],
  ]
  const missing = requirements.filter(([, isMet]) => !isMet).map(([requirement]) => requirement)
  if (missing[0])
    throw new ProofkeyError(
      'not_supported',
      `The server metadata lacks what FAPI 2.0 requires: ${missing.join('; ')}.`,
      'Enable it on the server, or choose another clientAuth or senderConstrained that the server supports.',
    )
  return { ...server, id_token_signing_alg_values_supported: allowed }
}
