import { type ErrorCode, errorWith, type ProofkeyError } from '../errors.js'
import { type ChallengeParameters, challengeHeader, described } from '../protocol/resource/challenge-header.js'
import type { TokenScheme } from '../protocol/resource/credentials.js'
import type { Demands } from './demands.js'

/** Status and `error` of a refusal (RFC 6750 §3.1, RFC 9449 §7.1 and §9, RFC 9470 §3). */
const REFUSALS: Partial<Record<ErrorCode, readonly [status: number, error?: string]>> = {
  // Without credentials no error is named (RFC 6750 §3.1).
  token_missing: [401],
  request_malformed: [400, 'invalid_request'],
  token_refused: [401, 'invalid_token'],
  dpop_proof_refused: [401, 'invalid_dpop_proof'],
  dpop_nonce_required: [401, 'use_dpop_nonce'],
  step_up_required: [401, 'insufficient_user_authentication'],
  insufficient_scope: [403, 'insufficient_scope'],
  validation_unavailable: [503],
}

const RETRY_AFTER_SECONDS = 5

export const isRefusal = ({ code }: ProofkeyError): boolean => Object.hasOwn(REFUSALS, code)

/** What the challenges of an API say, whatever the reason. */
export interface ChallengeOptions {
  /** The schemes that the API accepts, with their parameters. */
  readonly schemes: Readonly<Partial<Record<TokenScheme, ChallengeParameters>>>
  readonly realm?: string | undefined
  /** Where the metadata document is (RFC 9728 §5.1). */
  readonly metadataUrl: string
}

/** A copy of the error with `toResponse`. */
export function withResponse(
  error: ProofkeyError,
  { schemes, realm, metadataUrl }: ChallengeOptions,
  { used, demands, nonce }: { used?: TokenScheme | undefined; demands: Demands; nonce?: string | undefined },
): ProofkeyError {
  const [status, name] = REFUSALS[error.code] as readonly [number, string?]
  const { scope, acrValues, maxAgeSeconds } = demands
  const isStepUp = error.code === 'step_up_required'
  const reason: ChallengeParameters = {
    error: name,
    error_description: name && described(error.message),
    scope: /^(token_missing|insufficient_scope|step_up_required)$/.test(error.code) ? scope || undefined : undefined,
    acr_values: isStepUp ? acrValues : undefined,
    max_age: isStepUp ? maxAgeSeconds : undefined,
  }
  const accepted = Object.keys(schemes) as TokenScheme[]
  // A proof is an error of DPoP, whatever else is accepted.
  const blamed = error.code.startsWith('dpop_') ? 'DPoP' : used && schemes[used] ? used : accepted[0]
  // Clients read the first error, so the scheme that was used comes first.
  const challenges = [...accepted]
    .sort((one, other) => Number(other === blamed) - Number(one === blamed))
    .map((scheme) =>
      challengeHeader(scheme, {
        realm,
        ...(scheme === blamed || !name ? reason : {}),
        ...schemes[scheme],
        resource_metadata: metadataUrl,
      }),
    )

  const toResponse = () => {
    const headers = new Headers({ 'cache-control': 'no-store' })
    if (status === 503) headers.set('retry-after', `${RETRY_AFTER_SECONDS}`)
    else headers.set('www-authenticate', challenges.join(', '))
    if (nonce) headers.set('dpop-nonce', nonce)
    return new Response(null, { status, headers })
  }
  return Object.defineProperty(errorWith(error, {}), 'toResponse', { value: toResponse })
}
