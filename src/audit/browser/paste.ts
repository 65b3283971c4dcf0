import { configInvalid } from '../../protocol/authorize/begin.js'
import type { FetchLike } from '../../protocol/request.js'
import { createPersonBrowser, type PersonBrowser } from './person-browser.js'

/** Options of {@link pasteBrowser}. */
export interface PasteBrowserOptions {
  /** The registered redirect URI, for example `https://app.example.com/callback`. */
  readonly redirectUri: string
  readonly fetch?: FetchLike | undefined
}

/**
 * The person's own browser where no redirect URI of this machine can be registered: the person pastes each address at which
 * the second window ends. It sees answers at the origin of the redirect URI only.
 *
 * The page at the redirect URI must leave the code alone: choose a path that the app does not serve.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { pasteBrowser } from 'proofkey/audit'
 *
 * const browser = await pasteBrowser({ redirectUri: 'https://app.example.com/callback' })
 * ```
 */
export async function pasteBrowser({ redirectUri, fetch }: PasteBrowserOptions): Promise<PersonBrowser> {
  if (!URL.canParse(redirectUri) || !/^https?:$/.test(new URL(redirectUri).protocol))
    throw configInvalid(['redirectUri: must be an http(s) URL'])
  const { origin } = new URL(redirectUri)
  return createPersonBrowser({
    redirectUri,
    port: 0,
    receives: 'paste',
    observes: (url) => url.origin === origin,
    fetch,
  })
}
