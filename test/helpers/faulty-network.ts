/** What becomes of a refresh request. */
export type Fate =
  | 'answered'
  /** It never reaches the server. */
  | 'lost before'
  /** The server acts on it, and its answer gets lost: at once, or half-way through its body, or behind a gateway. */
  | 'lost after'
  | 'lost in the body'
  | 'gateway error'
  /** The server does not act on it. */
  | 'server error'
  | 'too many'

export interface Waiting {
  readonly refreshToken: string
  /** Lets the server act on it; its answer waits. */
  reach(): Promise<void>
  settle(fate: Fate): Promise<void>
  fate?: Fate | 'abandoned'
}

export const RETRY_AFTER_SECONDS = 30

/** Holds every refresh request until it is told what becomes of it; everything else passes. */
export function createFaultyNetwork(fetch: typeof globalThis.fetch) {
  const waiting: Waiting[] = []
  /** Every refresh request there ever was. */
  const sent: Waiting[] = []

  const held: typeof globalThis.fetch = (input, init) => {
    const refreshToken = new URLSearchParams(init?.body as URLSearchParams | undefined).get('refresh_token')
    if (!refreshToken) return fetch(input, init)
    return new Promise((resolve, reject) => {
      let answer: Promise<Response> | undefined
      const reach = () => {
        answer ??= fetch(input, init)
        return answer
      }
      const endings: Record<Fate, () => Promise<Response>> = {
        answered: reach,
        'lost before': async () => {
          throw new TypeError('Failed to fetch')
        },
        'lost after': async () => {
          await reach()
          throw new TypeError('Failed to fetch')
        },
        'lost in the body': async () => broken(await (await reach()).text()),
        'gateway error': async () => {
          await reach()
          return new Response('Bad gateway', { status: 502 })
        },
        'server error': async () => new Response('Oh no', { status: 500 }),
        'too many': async () =>
          new Response('Too many', { status: 429, headers: { 'retry-after': `${RETRY_AFTER_SECONDS}` } }),
      }
      const request: Waiting = {
        refreshToken,
        reach: async () => void (await reach()),
        async settle(fate) {
          // What the server has acted on, it has: only its answer can still get lost.
          const ending = answer && /before|server error|too many/.test(fate) ? 'lost after' : fate
          request.fate ??= ending
          await endings[ending]().then(resolve, reject)
        },
      }
      waiting.push(request)
      sent.push(request)
    })
  }

  return { fetch: held, waiting, sent }
}

const broken = (text: string) =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text.slice(0, text.length / 2)))
      },
      pull(controller) {
        controller.error(new TypeError('terminated'))
      },
    }),
    { headers: { 'content-type': 'application/json' } },
  )
