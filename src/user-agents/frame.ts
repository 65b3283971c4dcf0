import { ProofkeyError } from '../errors.js'
import { pageVault } from '../vault/page-memory.js'
import { waitForCallback } from './callback-wait.js'
import { type EmbeddedOptions, refuseEmbedded } from './embedded.js'
import { notRelayed, watchForCallbackPage } from './not-relayed.js'
import { refuseOtherOrigin } from './origin.js'
import { listenForCallback, relayCallback } from './relay.js'
import type { SilentUserAgent } from './user-agent.js'

/**
 * What the server's pages in the frame may do (Permissions Policy). `local-network-access`, in newer browsers
 * `local-network` and `loopback-network`: reach servers of a private network or this machine. `storage-access`: use their
 * cookies after `document.requestStorageAccess()`, where the user has allowed it.
 */
export type FramePermission = 'local-network-access' | 'local-network' | 'loopback-network' | 'storage-access'

/** Options of {@link frame}. */
export interface FrameOptions extends EmbeddedOptions {
  /** Permissions of the frame, for the server's origin only: its `allow` attribute. Default: none. */
  readonly allow?: readonly FramePermission[] | undefined
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
 * also if the server forbids framing, but with `frame_blocked` if the server is in a private network or on this machine and
 * this page is not, because browsers may block such a frame.
 * @example
 * ```ts
 * import { type Client, frame } from 'proofkey'
 *
 * declare const auth: Client
 * const silent = await auth.signIn({ userAgent: frame() }).catch(() => undefined)
 * console.log(silent ? 'signed in' : 'show the button')
 * ```
 */
export function frame({ timeoutSeconds = 10, allow = [], ...options }: FrameOptions = {}): SilentUserAgent {
  return {
    name: 'frame',
    silent: true,
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
      element.allow = allow.join('; ')
      // Without it, a sandbox refuses `document.requestStorageAccess()`.
      if (allow.includes('storage-access')) element.sandbox.add('allow-storage-access-by-user-activation')
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
        if (error.code !== 'timeout') throw error
        if (isCallbackPageLoaded) throw notRelayed(redirectUri)
        throw isLocal(url.hostname) && !isLocal(location.hostname) ? localNetworkBlocked(url.host) : error
      })
      try {
        await attempt.complete(callback)
      } catch (error) {
        throw (error as ProofkeyError).code === 'login_required' && !isSameSite(url) ? frameBlocked() : error
      }
    },
  }
}

/** Whether a URL has the scheme and the registrable domain of this page; an estimate: the public suffix list is too large. */
function isSameSite({ protocol, hostname }: URL): boolean {
  if (protocol !== location.protocol) return false
  if (hostname === location.hostname) return true
  const [pageLabels, labels] = [location.hostname, hostname].map((name) => name.split('.').reverse()) as [
    string[],
    string[],
  ]
  const differs = pageLabels.findIndex((label, index) => label !== labels[index])
  // A dot at the end, of both, is not a label. Two of them differ in it: they are two sites.
  const shared = pageLabels.slice(0, differs < 0 ? pageLabels.length : differs).filter(Boolean)
  // Public suffixes like `co.uk` have two labels.
  const suffix = shared[0]?.length === 2 && (shared[1]?.length ?? 9) <= 3 ? 2 : 1
  // The numbers of an IP address are no domains.
  return shared.length > suffix && !/^\d+$/.test(`${shared[0]}`)
}

/** `localhost`, names of multicast DNS, and the addresses of this machine, of private networks and links. */
const LOCAL =
  /(^|\.)local(host)?\.?$|^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d+)+$|^\[(::1?]|f[cd]|fe[89ab])/

/** Whether a host is in a private network by its name alone; another name may have an address there all the same. */
const isLocal = (hostname: string) => LOCAL.test(hostname)

const frameBlocked = () =>
  new ProofkeyError(
    'frame_blocked',
    'The server found no session in this third-party frame, where browsers block its cookies.',
    "Use signIn({ prompt: 'none', userAgent: redirect() }), which sends the cookies.",
  )

const localNetworkBlocked = (host: string) =>
  new ProofkeyError(
    'frame_blocked',
    `No response from ${host}: the browser may block its private network.`,
    'Let the user allow it, or use redirect().',
  )
