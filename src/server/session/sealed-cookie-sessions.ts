import { createKeyring, type SealingKey } from '../../crypto/keyring.js'
import { randomToken } from '../../crypto/random.js'
import { MAX_RESPONSE_HEAD_BYTES } from '../../limits.js'
import { configInvalid } from '../../protocol/authorize/begin.js'
import { inTurn, type StoredText } from '../../vault/session-store.js'
import { createRecent } from './recent.js'
import type { ServerSessionRecord, ServerSessionStore } from './server-session-store.js'

/** Options of {@link sealedCookieSessions}. */
export interface SealedCookieSessionsOptions {
  /** The first key encrypts, all keys decrypt. To rotate on several servers, add the new key last, then move it to the front. */
  readonly keys: readonly SealingKey[]
  /**
   * What the session may take of the head of a response, in bytes. Default 3600, below the 4 kB of many proxies; at most 7000,
   * because servers refuse a request with more than 8 kB of cookies. Raise it only if your proxies allow it (nginx:
   * `proxy_buffer_size 16k`): otherwise they respond with 502.
   */
  readonly maxHeadBytes?: number | undefined
}

/** The record of a cookie: its id, and the texts by owner. */
interface SealedTexts {
  readonly id: string
  readonly texts: Readonly<Record<string, StoredText>>
}

/** The associated data of every cookie, so that no other sealed value of the application is one. */
const SEALED_AS = 'proofkey session cookie'
const MAX_HEAD_BYTES = 7000

/**
 * Stores the whole session in the browser's cookies, encrypted with AES-256-GCM under the application's key: it needs no other
 * service and works with any number of servers. Return the `headers` of every call: they contain the newest state.
 *
 * What cookies cannot promise: there is no back-channel logout. Requests of one session share one refresh in one process; two
 * servers may refresh at the same time, and a server that rotates refresh tokens then ends the session. A copy of an old cookie
 * can be sent again after a sign-out: it opens the session, whose tokens are revoked, until `absoluteSeconds`. A sign-out that
 * the browser sends before it has received the cookie of its sign-in ends that session in the same process only. If that is
 * not enough, use `redisSessions`.
 * @throws `config_invalid` for the options
 * @example
 * ```ts
 * import { clientSecretBasic, createServerSessionClient, sealedCookieSessions, sealedCookie } from 'proofkey/server'
 *
 * const keys = [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }]
 * const auth = createServerSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/auth/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys }),
 *   sessionStore: sealedCookieSessions({ keys }),
 * })
 * ```
 */
export function sealedCookieSessions({
  keys,
  maxHeadBytes = MAX_RESPONSE_HEAD_BYTES,
}: SealedCookieSessionsOptions): ServerSessionStore {
  const keyring = createKeyring(keys)
  /** What cookies contain, by their whole value. The limits of a session are checked with each request, not here. */
  const recent = createRecent<SealedTexts>()
  if (!(maxHeadBytes >= 500 && maxHeadBytes <= MAX_HEAD_BYTES))
    throw configInvalid([`maxHeadBytes (number): must be 500 to ${MAX_HEAD_BYTES}`])

  function record(id: string, given: Iterable<[string, StoredText]>, cookie?: string): CookieRecord {
    const texts = new Map(given)
    /** The cookie of the present texts. */
    let sealing = cookie === undefined ? undefined : Promise.resolve(cookie)
    const read = (owner: string): StoredText => texts.get(owner) ?? { epoch: 0, text: undefined }
    return {
      id,
      name: 'cookie',
      shared: true,
      texts,
      read: async (owner) => read(owner),
      async replace(owner, expectedEpoch, next) {
        if (read(owner).epoch !== expectedEpoch) return false
        texts.set(owner, next)
        sealing = undefined
        return true
      },
      exclusive: inTurn(),
      cookie() {
        const sealed: SealedTexts = { id, texts: Object.fromEntries(texts) }
        sealing ??= keyring.seal(SEALED_AS, '', JSON.stringify(sealed))
        return sealing
      },
      receive(other) {
        // Another server has changed it: per text, the higher epoch wins. What this process knows may be newer than a cookie.
        let [newer, older] = [false, false]
        for (const [owner, theirs] of (other as CookieRecord).texts) {
          if (theirs.epoch > read(owner).epoch) {
            texts.set(owner, theirs)
            newer = true
          } else if (theirs.epoch < read(owner).epoch) older = true
        }
        if (newer) sealing = older ? undefined : other.cookie()
      },
    }
  }

  return {
    name: 'cookie',
    maxHeadBytes,
    async open(cookie) {
      const known = recent.get(cookie)
      const opened = known === undefined ? await keyring.open(SEALED_AS, '', cookie) : undefined
      const sealed: SealedTexts | undefined = known ?? (opened === undefined ? undefined : JSON.parse(opened))
      if (!sealed) return undefined
      // Only what a key has opened: nobody can fill it with values of their own.
      if (!known) recent.keep(cookie, sealed)
      return record(sealed.id, Object.entries(sealed.texts), cookie)
    },
    create: async () => record(randomToken(), []),
  }
}

interface CookieRecord extends ServerSessionRecord {
  readonly texts: ReadonlyMap<string, StoredText>
}
