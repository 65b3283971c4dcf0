import { Inconclusive } from '../check.js'

/**
 * Tries one after the other, also after one that could not be told.
 * @param unknown makes of the reason, a sentence, what is found then
 * @returns what was found, by name, in order
 */
export async function tryEach<Found>(
  attempts: Readonly<Record<string, () => Promise<Found>>>,
  unknown: (reason: string) => Found,
): Promise<[name: string, found: Found][]> {
  const found: [string, Found][] = []
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      found.push([name, await attempt()])
    } catch (error) {
      if (!(error instanceof Inconclusive)) throw error
      found.push([name, unknown(error.message)])
    }
  }
  return found
}
