import * as proofkey from '../../src/index.js'
import {
  allowInsecureLoopback,
  type CallbackOptions,
  type ClientConfig,
  checkIdTokenSignature,
  createClient,
  type ExchangeClientConfig,
  isProofkeyError,
  type SignInOptions,
  type SignInResult,
} from '../../src/index.js'

declare const ISSUER: string

/** What came of a call, in a form that crosses from the page to the test. */
export interface Outcome {
  readonly sub?: string | undefined
  readonly returnTo?: string
  readonly code?: string
  readonly message?: string
  readonly retryable?: boolean
  readonly nothing?: true
}

export interface App {
  readonly events: string[]
  signIn(options?: SignInOptions): Promise<Outcome>
  handleCallback(options?: CallbackOptions): Promise<Outcome>
  /** The same, on a client made anew as another configuration. */
  as(config: Partial<ClientConfig | ExchangeClientConfig>): App
}

function createApp(config: Partial<ClientConfig | ExchangeClientConfig> = {}): App {
  const client = createClient({
    issuer: ISSUER,
    clientId: 'bare-app',
    redirectUri: `${location.origin}/callback`,
    scope: 'openid profile',
    insecure: allowInsecureLoopback,
    signature: checkIdTokenSignature,
    ...(config as Partial<ClientConfig>),
  })
  const events: string[] = []
  client.subscribe(({ type }) => events.push(type))
  const outcome = async (work: Promise<SignInResult | undefined>): Promise<Outcome> => {
    try {
      const result = await work
      return result ? { sub: result.claims?.sub, returnTo: result.returnTo } : { nothing: true }
    } catch (error) {
      if (!isProofkeyError(error)) throw error
      return { code: error.code, message: error.message, retryable: error.retryable }
    }
  }
  return {
    events,
    signIn: (options) => outcome(client.signIn(options)),
    handleCallback: (options) => outcome(client.handleCallback(options)),
    as: createApp,
  }
}

declare global {
  var app: App
  /** For what the app does not do by itself: user agents, and the callback page's part. */
  var library: typeof proofkey
}
globalThis.app = createApp()
globalThis.library = proofkey
