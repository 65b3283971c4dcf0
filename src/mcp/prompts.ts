import type { SignInOptions } from '../client/create-client.js'
import { ProofkeyError } from '../errors.js'
import type { McpAuthConfig, SignInRequest } from './mcp-config.js'

/** How many questions to the user, or changes of the authorization server, an MCP server may cause in a time. */
const MAX_IN_WINDOW = 5
const WINDOW_MS = 600_000

/** Counts what is done. @returns whether there is room for more */
export function createLimit() {
  let times: number[] = []
  return {
    hasRoom(): boolean {
      times = times.filter((time) => performance.now() - time < WINDOW_MS)
      return times.length < MAX_IN_WINDOW
    },
    count: () => times.push(performance.now()),
  }
}

/** @param options how, for example with a popup */
type SignIn = (options?: Pick<SignInOptions, 'userAgent' | 'signal' | 'returnTo' | 'appState'>) => Promise<unknown>

/**
 * The sign-ins that a server causes: the app is asked first, concurrent requests share one, and there are not many: a hostile
 * MCP server must not make the user click until they agree (RFC 9470 §9).
 */
export function createPrompts({ confirmSignIn }: Pick<McpAuthConfig, 'confirmSignIn'>) {
  const limit = createLimit()
  let asking: Promise<void> | undefined

  async function ask(request: SignInRequest, signIn: SignIn): Promise<void> {
    const isTooOften = !limit.hasRoom()
    if (isTooOften || !confirmSignIn) throw needed(request, signIn, isTooOften)
    // A refusal counts too: nobody should have to refuse again and again.
    limit.count()
    if (!(await confirmSignIn(request))) throw needed(request, signIn)
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

function needed({ reason, scope }: SignInRequest, signIn: SignIn, isTooOften = false): ProofkeyError {
  const message = isTooOften ? 'The MCP server has asked for too many sign-ins.' : 'The MCP server wants a sign-in.'
  const error = new ProofkeyError(reason, message, 'Call error.signIn() in a click, if the user wants that.', {
    requirements: { scope },
  })
  return Object.defineProperty(error, 'signIn', { value: signIn })
}
