import { ProofkeyError } from '../errors.js'
import type { SignInAttempt } from './user-agent.js'

/**
 * Tells a callback page that does not relay from the server's pages, which may be of this origin too: only the URL that a
 * document was loaded with counts. Scripts that clean the address bar or navigate within the document do not change it.
 * @returns whether the window or frame shows a loaded document and has shown the callback page; call it now and then
 */
export function watchForCallbackPage(shown: Window, { isCallback }: SignInAttempt): () => boolean {
  let hasBeenThere = false
  return () => {
    try {
      // Reading anything of another origin throws.
      const [loaded] = shown.performance.getEntriesByType('navigation')
      hasBeenThere ||= isCallback(`${loaded?.name}`)
      return hasBeenThere && shown.document.readyState === 'complete'
    } catch {
      return false
    }
  }
}

export const notRelayed = (redirectUri: string): ProofkeyError =>
  new ProofkeyError(
    'callback_not_relayed',
    `The page at ${redirectUri} was loaded and did not relay the callback to this page.`,
    'Call relayCallback() or start({ relay: relayCallback }) first in that page; start() alone relays only for a configured user agent.',
  )
