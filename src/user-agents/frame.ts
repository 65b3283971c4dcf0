import { ProofkeyError } from '../errors.js'
import { pageVault } from '../vault/page-memory.js'
import { waitForCallback } from './callback-wait.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { notRelayed, watchForCallbackPage } from './not-relayed.js'
import { refuseOtherOrigin } from './origin.js'
import { listenForCallback, relayCallback } from './relay.js'
import type { UserAgent } from './user-agent.js'

export interface FrameOptions extends EmbeddedOptions {
  /** How long to wait for the server's response. Default 10. */
  readonly timeoutSeconds?: number | undefined
  /** A separate callback page, registered at the server, that calls `relayCallback()`. Default: the client's `redirectUri`. */
  readonly redirectUri?: string | undefined
}

/**
 * Silent sign-in: sends an authorization request with `prompt=none` (OpenID Connect Core §3.1.2.1) in a hidden iframe.
 * The server shows no page; if the user is signed in there, `signIn` resolves with the result. The page at the redirect
 * URI must call `start()` or `relayCallback()`.
 *
 * `signIn` rejects with `login_required`, `consent_required`, `interaction_required` or `account_selection_required`;
 * with `frame_blocked` instead of `login_required` if the server is on another site, because browsers block third-party
 * cookies there and the user may be signed in all the same: only `redirect()` or `popup()` can find out; with
 * `callback_not_relayed` if the page at the redirect URI was loaded and did not relay until the timeout; with `timeout`,
 * also if the server forbids framing.
 */
export function frame({ timeoutSeconds = 10, ...options }: FrameOptions = {}): UserAgent {
  return {
    name: 'frame',
    memory: pageVault(),
    relay: relayCallback,
    async open(attempt) {
      const { embedded, redirectUri = attempt.redirectUri } = options
      refuseEmbedded(embedded)
      refuseOtherOrigin(redirectUri)
      const { url, state } = await attempt.begin({ redirectUri, prompt: 'none' })
      const element = document.createElement('iframe')
      element.hidden = true
      // The server's page may run scripts, but must not navigate this page (no `allow-top-navigation`).
      element.sandbox.add('allow-scripts', 'allow-same-origin', 'allow-forms')
      let isCallbackPageLoaded = false
      const callback = await waitForCallback(attempt, timeoutSeconds, (wait) => {
        element.src = url.href
        // `document.body` may not exist yet.
        document.documentElement.append(element)
        const frame = element.contentWindow as Window
        const look = watchForCallbackPage(frame, attempt)
        element.onload = look
        wait.onEnd(() => {
          isCallbackPageLoaded = look()
          element.remove()
        })
        listenForCallback(attempt, state, frame, wait)
      }).catch((error) => {
        throw error.code === 'timeout' && isCallbackPageLoaded ? notRelayed(redirectUri) : error
      })
      try {
        await attempt.complete(callback)
      } catch (error) {
        throw (error as ProofkeyError).code === 'login_required' && !isSameSite(url.hostname) ? frameBlocked() : error
      }
    },
  }
}

/** Whether a host has the registrable domain of this page; an estimate, because the public suffix list is too large. */
function isSameSite(host: string): boolean {
  const [pageLabels, labels] = [location.hostname, host].map((name) => name.split('.').reverse()) as [
    string[],
    string[],
  ]
  const differs = pageLabels.findIndex((label, index) => label !== labels[index])
  const shared = pageLabels.slice(0, differs < 0 ? pageLabels.length : differs)
  // Public suffixes like `co.uk` have two labels.
  const suffix = shared[0]?.length === 2 && (shared[1]?.length ?? 9) <= 3 ? 2 : 1
  return host === location.hostname || shared.length > suffix
}

const frameBlocked = () =>
  new ProofkeyError(
    'frame_blocked',
    'The server found no session in this third-party frame, where browsers block its cookies.',
    "Use signIn({ prompt: 'none', userAgent: redirect() }), which sends the cookies.",
  )
