import type { createFlow, SignInResult, StartOptions } from '../flow/flow.js'
import type { FlowConfig } from '../flow/flow-config.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { Apis } from './apis.js'
import type { SessionMachine } from './session-machine.js'
import type { Session } from './session-record.js'
import type { ChallengeCheck } from './token-fetch.js'
import type { createTokenSource, GetAccessTokenOptions } from './token-source.js'

/** What functions that take a session client require of its type. */
export interface SessionOwner {
  readonly session: Session | undefined
  getAccessToken(options?: GetAccessTokenOptions): Promise<string>
}

/** What they use of it. They are imported only where they are needed, so it is not part of the client itself. */
export interface SessionParts {
  readonly config: FlowConfig & { readonly apis?: Apis | undefined; readonly stepUp?: ChallengeCheck | undefined }
  readonly flow: ReturnType<typeof createFlow>
  readonly machine: SessionMachine
  readonly tokens: ReturnType<typeof createTokenSource>
  readonly signIn: (options: StartOptions) => Promise<SignInResult | undefined>
}

/** Kept beside the client, so that a console that prints the client does not show them. */
export const sessionParts = new WeakMap<object, SessionParts>()

/** @throws `config_invalid` */
export function partsOf(owner: SessionOwner): SessionParts {
  const parts = sessionParts.get(owner)
  if (!parts)
    throw configInvalid([
      'auth: must be the object that createSessionClient of the same copy of proofkey returned, not a copy or proxy of it; if the app loads two copies of proofkey, let it load one',
    ])
  return parts
}
