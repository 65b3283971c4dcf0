import type { AuditCheck } from '../../check.js'
import { codeLifetime } from './code-lifetime.js'
import { codeOfAnotherClient } from './code-of-another-client.js'
import { codeRace } from './code-race.js'
import { codeReplay } from './code-replay.js'
import { repeatedTokenParameters } from './repeated-token-parameters.js'
import { tokenEndpointGet } from './token-endpoint-get.js'
import { tokenParametersInQuery } from './token-parameters-in-query.js'
import { tokensAfterCodeReplay } from './tokens-after-code-replay.js'

/** Authorization codes and the requests that redeem them (RFC 6749 §4.1). */
export const codeChecks: readonly AuditCheck[] = [
  codeReplay,
  codeRace,
  tokensAfterCodeReplay,
  codeOfAnotherClient,
  tokenEndpointGet,
  tokenParametersInQuery,
  repeatedTokenParameters,
  codeLifetime,
]
