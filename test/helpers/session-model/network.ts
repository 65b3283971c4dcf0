import { TextResponse } from './globals.js'
import { API, ISSUER, type ModelServer, type Token } from './server.js'
import type { Page, World } from './world.js'

export type NetworkFault =
  /** It never reaches the server. */
  | 'lost before'
  /** The server acts on it, and its answer gets lost: on the way, or behind a gateway. */
  | 'lost after'
  | 'gateway error'
  /** The server does not act on it. */
  | 'server error'
  | 'busy'
  | 'empty 400'
  /** The answer to a refresh has an ID token of somebody else, or a new refresh token and no access token. */
  | 'wrong user'
  | 'half an answer'
  /** A sign-in brings none. */
  | 'no refresh token'
  /** It waits, before the server acts on it or after that. */
  | 'held before'
  | 'held after'

export interface Fault {
  readonly what: NetworkFault
  readonly request: 'code' | 'refresh' | 'revoke'
  times: number
}

/** What the network saw of a page's requests. */
export interface Seen {
  /** Revocations that failed, each reported by an event. */
  failedRevocations: number
  /** What the server said to refreshes: how often in a row it refused without a word, and that it refused outright. */
  muteRefusals: number
  refused: boolean
  /** The refresh tokens that were refused, one way or the other. */
  readonly refusedTokens: Set<string>
}

/** The way to the server. */
export function createNetwork(world: World, server: ModelServer) {
  let faults: Fault[] = []
  const held: (() => void)[] = []
  let requests = 0
  const seen = new Map<Page, Seen>()
  const seenBy = (page: Page): Seen => {
    const known = seen.get(page) ?? {
      failedRevocations: 0,
      muteRefusals: 0,
      refused: false,
      refusedTokens: new Set<string>(),
    }
    seen.set(page, known)
    return known
  }

  function faultOf(request: string): NetworkFault | undefined {
    const fault = faults.find((one) => one.request === request && one.times > 0)
    if (fault) fault.times--
    return fault?.what
  }

  const abandon = (tokens: readonly Token[], why: string) => {
    for (const token of tokens) token.excuse ??= why
  }

  function fetchOf(page: Page): typeof globalThis.fetch {
    const fetch = (input: RequestInfo | URL, init: RequestInit = {}) => {
      const url = input instanceof Request ? input.url : `${input}`
      const signal = init.signal ?? undefined
      const body = new URLSearchParams((init.body as URLSearchParams | undefined) ?? '')
      const kind =
        url === `${ISSUER}/revoke`
          ? 'revoke'
          : body.has('code')
            ? 'code'
            : body.has('refresh_token')
              ? 'refresh'
              : 'api'
      const lane = `request ${++requests}`
      return new Promise<unknown>((resolve, reject) => {
        let issued: readonly Token[] = []
        let over = false
        const end = (settle: () => void, goesOn = false) => {
          if (over) return
          over = true
          if (kind === 'revoke' && settle !== answered) {
            const token = server.tokens.get(body.get('token') ?? '')
            if (token) token.excuse ??= 'its revocation failed'
            if (!goesOn) seenBy(page).failedRevocations++
          }
          settle()
        }
        let response = new TextResponse()
        const answered = () => {
          for (const token of issued) token.delivered = true
          if (kind === 'refresh') {
            const known = seenBy(page)
            if (response.status === 400) known.refusedTokens.add(body.get('refresh_token') ?? '')
            if (response.status === 400 && !response.headers.get('content-type')) known.muteRefusals++
            else if (response.status === 400) known.refused = true
          }
          resolve(response)
        }
        const lose = () => {
          abandon(issued, 'its answer was lost')
          // With a proof it is sent once more, without it.
          end(() => reject(new TypeError('Failed to fetch')), new Headers(init.headers).has('dpop'))
        }
        signal?.addEventListener('abort', () => {
          abandon(issued, 'its answer came too late')
          end(() => reject(signal.reason))
        })

        function act(what: NetworkFault | undefined): void {
          if (kind === 'revoke') response = server.revoke(body.get('token') ?? '')
          else if (kind === 'api') {
            const given = (input as Request).headers.get('authorization')?.split(' ')[1] ?? ''
            const token = server.tokens.get(given)
            const isGood = token?.state === 'good' && token.expiresAtMs > world.trueNow()
            response = new TextResponse(token?.who ?? 'nobody', { status: isGood ? 200 : 401 })
          } else {
            const answer =
              kind === 'code'
                ? server.redeem(body.get('code') ?? '', page, what)
                : server.refresh(body.get('refresh_token') ?? '', page, what, !over && !page.dead)
            response = answer.response
            issued = answer.issued
            if (over || page.dead) abandon(issued, 'nobody waits for it')
          }
        }
        const fail = (status: number) => {
          response = new TextResponse(status === 400 ? null : 'Oh no', { status })
          world.schedule(lane, page, () => end(kind === 'revoke' ? () => resolve(response) : answered))
        }
        const reach = (what?: NetworkFault) => {
          act(what)
          if (what === 'lost after') return world.schedule(lane, page, lose)
          if (what === 'gateway error') {
            abandon(issued, 'its answer was lost')
            issued = []
            return fail(502)
          }
          const come = () => world.schedule(lane, page, () => end(answered))
          if (what === 'held after') held.push(come)
          else come()
        }
        world.schedule(lane, undefined, () => {
          const what = faultOf(kind)
          if (what === 'lost before') world.schedule(lane, page, lose)
          else if (what === 'server error') fail(500)
          else if (what === 'busy') fail(503)
          else if (what === 'empty 400') fail(400)
          else if (what === 'held before') held.push(() => world.schedule(lane, undefined, () => reach()))
          else reach(what)
        })
      })
    }
    return fetch as typeof globalThis.fetch
  }

  return {
    fetchOf,
    seenBy,
    add: (fault: Fault) => void faults.push({ ...fault }),
    release() {
      for (const go of held.splice(0)) go()
    },
    calm() {
      faults = []
      for (const go of held.splice(0)) go()
    },
    isApi: (url: string) => url.startsWith(API),
  }
}
