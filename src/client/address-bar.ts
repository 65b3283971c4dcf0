/** The page's own URL; undefined where there is no page. */
export const currentUrl = (): string | undefined => globalThis.location?.href

/** Swaps the URL shown for another one of this page, if it is still the one expected. Adds nothing to the history. */
export function swapUrl(expected: string, replacement: string): void {
  if (currentUrl() === expected) history.replaceState(history.state, '', replacement)
}
