import type { FetchLike } from '../../protocol/request.js'

const TIMEOUT_MS = 10_000

/**
 * Asks the server for an authorization URL without a session, to know the status of the page that a person's browser shows.
 * Only a status of 400 and above counts, and only if an honest URL gets a lower one: some servers refuse every program.
 */
export function createRefusalProbe(fetch: FetchLike = globalThis.fetch) {
  let honest: URL | undefined
  let trusted: Promise<boolean> | undefined

  async function statusOf(url: URL): Promise<number> {
    try {
      const response = (await fetch(url.href, {
        redirect: 'manual',
        headers: { accept: 'text/html' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })) as Response
      await response.body?.cancel()
      return response.status
    } catch {
      return 0
    }
  }

  return {
    /** A URL that the server answered with a code. */
    learn(url: URL): void {
      // A pushed request can be used once only.
      if (!url.searchParams.has('request_uri')) honest ??= url
    },

    /** What the server answers without a session; 0 if nothing. */
    status: statusOf,

    /**
     * The status of the server's refusal, if it refuses this URL by a page of its own.
     * @param unused the browser has not been there: a pushed request is refused the second time anyway
     */
    async refusal(url: URL, unused: boolean): Promise<number | undefined> {
      if (!honest || (url.searchParams.has('request_uri') && !unused)) return undefined
      trusted ??= statusOf(honest).then((status) => status >= 200 && status < 400)
      if (!(await trusted)) return undefined
      const status = await statusOf(url)
      return status >= 400 && status !== 429 && status < 500 ? status : undefined
    },
  }
}

export type RefusalProbe = ReturnType<typeof createRefusalProbe>
