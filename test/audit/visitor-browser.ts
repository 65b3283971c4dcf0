import type { Arrival, AuditBrowser } from '../../src/audit.js'

/** A browser without pages: it keeps cookies, follows redirects at the server, and stops at any URL elsewhere. */
export function createVisitorBrowser(issuer: string, redirectUri: string): AuditBrowser {
  // By this cookie the server's sign-in page knows that a person is there.
  const cookies = new Map([['person', 'ada']])
  const { origin } = new URL(issuer)

  async function visit(url: URL, signal: AbortSignal): Promise<Arrival> {
    let at = url
    for (let step = 0; step < 20; step++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(at, { headers: { cookie }, redirect: 'manual', signal })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value) cookies.set(name, value)
        else cookies.delete(name)
      }
      const location = response.headers.get('location')
      if (!location) return { at: 'page', status: response.status, url: at.href }
      at = new URL(location, at)
      if (at.origin !== origin) {
        const parameters = new URLSearchParams(at.search || at.hash.slice(1))
        return { at: 'callback', url: at, parameters }
      }
    }
    return { at: 'unknown', why: 'more than 20 redirects' }
  }

  return {
    redirectUri,
    observes: () => true,
    visit: (url, { signal }) =>
      visit(url, signal).catch((error) => {
        if (signal.aborted) throw signal.reason
        return { at: 'unknown', why: `the browser lost its connection (${(error as Error).name})` }
      }),
    async close() {},
  }
}
