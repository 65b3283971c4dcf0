import type { HarCheck } from '../har-check.js'
import { harAppResponses } from './app-responses.js'
import { harCodeInUrl, harThirdParty, harTokenInUrl, harTokenNoStore } from './leaks.js'
import { harNonce, harNonceFresh } from './nonce.js'
import { harPkce, harS256, harVerifierForm, harVerifierFresh } from './pkce.js'
import { harClientSecret, harRedirectExact, harResponseType } from './request.js'
import { harState, harStateFresh, harStateReturned } from './state.js'

/** What the traffic of a browser is looked at for. */
export const harChecks: readonly HarCheck[] = [
  harPkce,
  harS256,
  harVerifierForm,
  harVerifierFresh,
  harState,
  harStateFresh,
  harStateReturned,
  harNonce,
  harNonceFresh,
  harResponseType,
  harRedirectExact,
  harClientSecret,
  harTokenInUrl,
  harCodeInUrl,
  harThirdParty,
  harAppResponses,
  harTokenNoStore,
]
