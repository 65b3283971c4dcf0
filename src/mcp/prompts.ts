import type { SignInOptions } from '../client/create-client.js'
import { ProofkeyError } from '../errors.js'
import type { McpAuthConfig, SignInRequest } from './mcp-config.js'

/** How many sign-ins the requests of one MCP server may cause in a time, by `performance.now()`. */
const MAX_PROMPTS = 5
const PROMPT_WINDOW_MS = 600_000

/** @param options how, for example with a popup */
type SignIn = (options?: Pick<SignInOptions, 'userAgent' | 'signal' | 'returnTo' | 'appState'>) => Promise<unknown>

/**
 * The sign-ins that a server causes: the app is asked first, concurrent requests share one, and there are not many: a hostile
 * MCP server must not make the user click until they agree (RFC 9470 §9).
 */
export function createPrompts({ confirmSignIn }: Pick<McpAuthConfig, 'confirmSignIn'>) {
  let times: number[] = []
  let asking: Promise<void> | undefined

  async function ask(request: SignInRequest, signIn: SignIn): Promise<void> {
    const now = performance.now()
    times = times.filter((time) => now - time < PROMPT_WINDOW_MS)
    const isTooOften = times.length >= MAX_PROMPTS
    if (isTooOften || !(await confirmSignIn?.(request))) throw needed(request, signIn, isTooOften)
    times.push(now)
    await signIn()
  }

  return {
    /** @throws `login_required`, `insufficient_scope`, if the user is not to sign in now; the errors of the sign-in */
    ask(request: SignInRequest, signIn: SignIn): Promise<void> {
      asking ??= ask(request, signIn).finally(() => {
        asking = undefined
      })
      return asking
    },
  }
}

function needed({ reason, scope }: SignInRequest, signIn: SignIn, isTooOften: boolean): ProofkeyError {
  const message = isTooOften ? 'The MCP server has asked for too many sign-ins.' : 'The MCP server wants a sign-in.'
  const error = new ProofkeyError(reason, message, 'Call error.signIn() in a click, if the user wants that.', {
    requirements: { scope },
  })
  return Object.defineProperty(error, 'signIn', { value: signIn })
}
