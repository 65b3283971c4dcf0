import { memoryVault } from '../../src/index.js'
import type {
  AuthorizationRequestUrl,
  SignInAttempt,
  SilentUserAgent,
  UserAgent,
} from '../../src/user-agents/user-agent.js'

/** What `begin()` gives. */
export const requestUrl = (
  url: string | URL = 'https://as.example/authorize',
  state = 's',
): AuthorizationRequestUrl => ({
  url: new URL(url),
  state,
  responseMode: 'query',
})

/** One sign-in, as a user agent that is tried alone is given it. */
export const signInAttempt = (given: Partial<SignInAttempt> = {}): SignInAttempt => ({
  redirectUri: 'https://app.example/callback',
  signal: undefined,
  begin: async () => requestUrl(),
  isCallback: () => false,
  complete: async () => {},
  ...given,
})

/** A user agent that keeps the page. @param travel takes the person from the authorization URL to their callback */
export const travelBy = (travel: (url: URL) => URL | string | Promise<URL | string>, name = 'person'): UserAgent => ({
  name,
  memory: memoryVault(),
  open: async ({ begin, complete }) => complete(`${await travel((await begin()).url)}`),
})

/** The same user agent, as one that shows nothing. */
export const silently = ({ silent: _, ...agent }: UserAgent): SilentUserAgent => ({ ...agent, silent: true })
