/** The page's own URL; undefined where there is no page. */
export const currentUrl = (): string | undefined => globalThis.location?.href

/** Swaps the URL shown for another one of this page, if it is still the one expected. Adds nothing to the history. */
export function swapUrl(expected: string, replacement: string): void {
  if (currentUrl() !== expected) return
  try {
    history.replaceState(history.state, '', replacement)
  } catch {
    // Browsers ration these calls; a sign-in does not fail for that.
  }
}
