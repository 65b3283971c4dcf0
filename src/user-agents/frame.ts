import { ProofkeyError } from '../errors.js'
import { answerOf } from './answer.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { refuseOtherOrigin } from './origin.js'
import { hearCallback } from './relay.js'
import type { UserAgent } from './user-agent.js'

export interface FrameOptions extends EmbeddedOptions {
  /** How long the server may take. Default 10. */
  readonly timeoutSeconds?: number | undefined
  /** A page of its own for the callback, registered at the server, which calls `relayCallback()`. Default: the client's. */
  readonly redirectUri?: string | undefined
}

/**
 * Asks the server in a hidden frame whether the person is signed in there, with `prompt=none` (OpenID Connect Core
 * §3.1.2.1): no page is shown, `signIn` resolves with the grant. The page at the redirect URI calls `relayCallback()`.
 *
 * Fails with `login_required`, `consent_required`, `interaction_required`, `account_selection_required`; with
 * `frame_blocked` where the frame is third-party and nobody seems to be signed in: browsers withhold a server's cookies
 * there, so that only a visit (by `redirect()` or `popup()`) can tell; with `timeout`, also where the server lets
 * nobody frame it.
 */
export function frame({ timeoutSeconds = 10, ...options }: FrameOptions = {}): UserAgent {
  return {
    name: 'frame',
    keepsPage: true,
    async open(attempt) {
      const { embedded, redirectUri = attempt.redirectUri } = options
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const { url, state } = await attempt.begin({ redirectUri, prompt: 'none' })
      const element = document.createElement('iframe')
      element.hidden = true
      // The server's page may run, and may not take this page elsewhere.
      element.sandbox.add('allow-scripts', 'allow-same-origin', 'allow-forms')
      const answer = await answerOf(attempt, timeoutSeconds, (waiting) => {
        element.src = url.href
        // There may be no body yet.
        document.documentElement.append(element)
        waiting.atEnd(() => element.remove())
        hearCallback(attempt, state, element.contentWindow as Window, waiting)
      })
      try {
        await attempt.complete(answer)
      } catch (error) {
        throw (error as ProofkeyError).code === 'login_required' && !isSameSite(url.hostname) ? blocked() : error
      }
    },
  }
}

/** Whether two hosts share a registrable domain, as far as that can be told without the list of all public suffixes. */
function isSameSite(host: string): boolean {
  const [ours, theirs] = [location.hostname, host].map((name) => name.split('.').reverse()) as [string[], string[]]
  const differs = ours.findIndex((label, index) => label !== theirs[index])
  const shared = ours.slice(0, differs < 0 ? ours.length : differs)
  // Of `co.uk` and its like the next label is what a site is called.
  const suffix = shared[0]?.length === 2 && (shared[1]?.length ?? 9) <= 3 ? 2 : 1
  return host === location.hostname || shared.length > suffix
}

const blocked = () =>
  new ProofkeyError(
    'frame_blocked',
    'The server knows nobody in this frame; it is another site, whose cookies browsers withhold there.',
    "signIn({ prompt: 'none', userAgent: redirect() }) tells for sure.",
  )
