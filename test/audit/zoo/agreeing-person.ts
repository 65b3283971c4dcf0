import type { Arrival, AuditBrowser } from '../../../src/audit.js'
import type { RunningServer } from '../../servers/running-server.js'
import { createVisitor } from '../../servers/visitor.js'

/**
 * The browser of a person who agrees to whatever the server asks, also where a good server would refuse: some servers ask at
 * each sign-in, and what they would do after that is the finding.
 */
export function createAgreeingPerson(server: RunningServer): AuditBrowser {
  const visitor = createVisitor()
  const { origin } = new URL(server.issuer)

  const arrivalAt = (url: URL): Arrival => ({
    at: 'callback',
    url,
    parameters: new URLSearchParams(url.search || url.hash.slice(1)),
  })

  async function visit(start: URL, signal: AbortSignal): Promise<Arrival> {
    let at = start
    for (let step = 0; step < 20; step++) {
      signal.throwIfAborted()
      const response = await visitor.visit(at)
      const location = response.headers.get('location')
      if (!location) {
        const page: Arrival = { at: 'page', status: response.status, url: at.href }
        return response.status < 400 && start.searchParams.has('client_id') ? agree(start, page) : page
      }
      at = new URL(location, at)
      if (at.origin !== origin) return arrivalAt(at)
    }
    return { at: 'unknown', why: 'more than 20 redirects' }
  }

  /** Answers the server's pages; a page that cannot be answered is where it ends. */
  async function agree(start: URL, page: Arrival): Promise<Arrival> {
    const left = await server.signIn(visitor, start).catch(() => undefined)
    if (!left || !URL.canParse(left) || new URL(left).origin === origin) return page
    return arrivalAt(new URL(left))
  }

  return {
    redirectUri: server.redirectUri,
    observes: () => true,
    visit: (url, { signal }) =>
      visit(url, signal).catch((error: Error) => {
        if (signal.aborted) throw signal.reason
        return { at: 'unknown', why: `the browser lost its connection (${error.message.slice(0, 80)})` }
      }),
    async close() {},
  }
}
