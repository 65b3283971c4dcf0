import { ProofkeyError } from '../errors.js'

declare const brand: unique symbol
/** There is one such switch, {@link allowEmbeddedWebView}. */
export type EmbeddedSwitch = (() => true) & { readonly [brand]: true }

export interface EmbeddedOptions {
  /** {@link allowEmbeddedWebView}, and nothing else, signs in inside an embedded WebView too. */
  readonly embedded?: EmbeddedSwitch | undefined
}

/**
 * Passed as `embedded`, lets a person sign in inside a WebView that an app embeds, where that app can read what they
 * type and the server's cookies (RFC 8252 §8.12).
 *
 * @deprecated Marked so that it stands out: an app that ships its own pages wants `deepLink()` of `proofkey/native`.
 */
export const allowEmbeddedWebView = (() => true) as EmbeddedSwitch

/** What wrappers put into their pages. */
const BRIDGES = ['Capacitor', 'cordova', 'ReactNativeWebView', '__TAURI_INTERNALS__']

/**
 * An app's own WebView, as far as it can be told: by the wrapper's bridge, or by what Android and iOS call it. An app on
 * the home screen of iOS looks like one and is none.
 */
function isEmbedded(): boolean {
  const scope = globalThis as unknown as Record<string, { isNativePlatform?(): boolean } | undefined>
  const { userAgent = '', standalone = false, maxTouchPoints = 0 } = Object(scope['navigator'])
  // An iPad calls itself a Macintosh, which has no touch screen.
  const system = maxTouchPoints > 1 ? userAgent.replace('Macintosh', 'iPad') : userAgent
  return (
    BRIDGES.some((name) => scope[name] && scope[name].isNativePlatform?.() !== false) ||
    (/; wv\)|\bElectron\/|\bi(Phone|P[ao]d)\b(?!.* Safari\/)/.test(system) && !standalone)
  )
}

/**
 * Refuses to show the server's pages where the embedding app could read along (RFC 8252 §8.12).
 * @throws `embedded_webview`
 */
export function refuseEmbedded(allowed: EmbeddedSwitch | undefined): void {
  if (!isEmbedded() || allowed?.()) return
  throw new ProofkeyError(
    'embedded_webview',
    'This page is inside an app, which could read what is typed at the server.',
    'Use deepLink() of proofkey/native, or open the page in a browser.',
  )
}
