import { ProofkeyError } from '../errors.js'

declare const brand: unique symbol
/** The type of {@link allowEmbeddedWebView}, its only value. */
export type EmbeddedSwitch = (() => true) & { readonly [brand]: true }

/** Whether a sign-in may take place in the WebView of an app (RFC 8252 §8.12). */
export interface EmbeddedOptions {
  /** Pass {@link allowEmbeddedWebView} to sign in inside an embedded WebView too. Default: `embedded_webview` is thrown. */
  readonly embedded?: EmbeddedSwitch | undefined
}

/**
 * Pass it as `embedded` to allow the sign-in inside an embedded WebView. The app that embeds it can read the user's
 * password and the server's cookies there (RFC 8252 §8.12).
 *
 * @deprecated Marked only as a warning. An app that bundles its pages should use `deepLink()` of `proofkey/native`.
 * @example
 * ```ts
 * import { allowEmbeddedWebView, redirect } from 'proofkey'
 *
 * const userAgent = redirect({ embedded: allowEmbeddedWebView })
 * ```
 */
export const allowEmbeddedWebView = (() => true) as EmbeddedSwitch

/** Global variables that wrappers define in their pages. */
const BRIDGES = ['Capacitor', 'cordova', 'ReactNativeWebView', '__TAURI_INTERNALS__']

/**
 * Detects an app's WebView by the wrapper's global variable or by the user agent string of Android, iOS and Electron.
 * A web app on the home screen of iOS has the string of a WebView but is a browser; `navigator.standalone` tells.
 */
function isEmbedded(): boolean {
  const scope = globalThis as unknown as Record<string, { isNativePlatform?(): boolean } | undefined>
  const { userAgent = '', standalone = false, maxTouchPoints = 0 } = Object(scope['navigator'])
  // An iPad reports itself as a Macintosh, but no Macintosh has a touch screen.
  const system = maxTouchPoints > 1 ? userAgent.replace('Macintosh', 'iPad') : userAgent
  return (
    BRIDGES.some((name) => scope[name] && scope[name].isNativePlatform?.() !== false) ||
    (/; wv\)|\bElectron\/|\bi(Phone|P[ao]d)\b(?!.* Safari\/)/.test(system) && !standalone)
  )
}

/**
 * Refuses to show the server's pages inside an embedded WebView (RFC 8252 §8.12).
 * @throws `embedded_webview`
 */
export function refuseEmbedded(allowed: EmbeddedSwitch | undefined): void {
  if (!isEmbedded() || allowed?.()) return
  throw new ProofkeyError(
    'embedded_webview',
    'This page is in a WebView: the app around it could read the password.',
    'Use deepLink() of proofkey/native, or open the page in a browser.',
  )
}
