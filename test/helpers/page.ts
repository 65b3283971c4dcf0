/** Puts happy-dom's page at a URL, as if it had been loaded there. */
export function goTo(url: string | URL): void {
  ;(window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(String(url))
}
