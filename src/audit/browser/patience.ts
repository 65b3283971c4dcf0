/** Before anything is known of the server. */
const FIRST_MS = 1_500
const LEAST_MS = 250
const MOST_MS = 3_000
/** How many times the slowest answer so far. */
const MARGIN = 4

/**
 * How long to wait until no answer will come any more: a refusal is a page of the server's, which nobody reports. It is learned
 * from the answers of this server that needed no person, so that a slow server gets its time and a fast one costs none.
 */
export function createPatience() {
  let isSignedIn = false
  let slowest: number | undefined

  return {
    /** @param ms how long the answer to this authorization URL took */
    learn(url: URL, ms: number): void {
      const prompt = url.searchParams.get('prompt')
      const asksPerson = url.searchParams.has('max_age') || (prompt !== null && prompt !== 'none')
      // A person signs in at the first one.
      if (isSignedIn && !asksPerson) slowest = Math.max(slowest ?? 0, ms)
      isSignedIn = true
    },

    ms: (): number => (slowest === undefined ? FIRST_MS : Math.min(MOST_MS, Math.max(LEAST_MS, MARGIN * slowest))),
  }
}
