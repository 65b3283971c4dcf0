import type { FuzzTarget } from './target.js'
import { accessTokens } from './targets/access-tokens.js'
import { callbackUrls } from './targets/callback-urls.js'
import { cookies } from './targets/cookies.js'
import { exchangeBodies } from './targets/exchange-bodies.js'
import { idTokens } from './targets/id-tokens.js'
import { logoutTokens } from './targets/logout-tokens.js'
import { metadata } from './targets/metadata.js'
import { requestHeads } from './targets/request-heads.js'
import { returnTo } from './targets/return-to.js'
import { sealedValues } from './targets/sealed-values.js'
import { serverCallbacks } from './targets/server-callbacks.js'
import { session } from './targets/session.js'
import { sessionMutants } from './targets/session-mutants.js'
import { tokenResponses } from './targets/token-responses.js'

export const TARGETS: readonly FuzzTarget<unknown>[] = [
  cookies,
  requestHeads,
  callbackUrls,
  serverCallbacks,
  returnTo,
  metadata,
  tokenResponses,
  idTokens,
  logoutTokens,
  accessTokens,
  sealedValues,
  exchangeBodies,
]

/** Those that are run by name only: each of their inputs takes milliseconds. */
export const LONG_TARGETS: readonly FuzzTarget<unknown>[] = [session, sessionMutants] as readonly FuzzTarget<unknown>[]
