import { sha256 } from '../crypto/digest.js'
import { ProofkeyError } from '../errors.js'
import type { Claims } from '../protocol/resource/token-checks.js'

export interface IntrospectorOptions {
  /** @returns undefined if the token is not active */
  readonly ask: (token: string) => Promise<Claims | undefined>
  readonly cacheSeconds: number
  readonly maxConcurrent: number
}

/** How long a token that is not active is refused without asking. Short: a new token may not be known everywhere at once. */
const INACTIVE_SECONDS = 10
/** Responses of each kind that are kept. */
const MAX_ENTRIES = 10_000

interface Entry {
  readonly claims: Claims | undefined
  /** By a monotonic clock. */
  readonly untilMs: number
}

/**
 * Asks about tokens as seldom as allowed: concurrent requests with one token share a question, and what was learned is kept
 * for a bounded time, under a digest of the token.
 */
export function createIntrospector({ ask, cacheSeconds, maxConcurrent }: IntrospectorOptions) {
  // Apart, so that a flood of forged tokens removes no good one.
  const [active, inactive] = [new Map<string, Entry>(), new Map<string, Entry>()]
  const asking = new Map<string, Promise<Claims | undefined>>()

  function keep(entries: Map<string, Entry>, id: string, claims: Claims | undefined, seconds: number) {
    for (const each of [active, inactive]) each.delete(id)
    if (!(seconds > 0)) return
    entries.set(id, { claims, untilMs: performance.now() + seconds * 1000 })
    if (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value as string)
  }

  async function learn(id: string, token: string): Promise<Claims | undefined> {
    const claims = await ask(token)
    if (claims) {
      const remaining = Number(claims['exp'] ?? 0) - Date.now() / 1000
      keep(active, id, claims, Math.min(cacheSeconds, remaining))
    } else keep(inactive, id, claims, INACTIVE_SECONDS)
    return claims
  }

  return async (token: string): Promise<Claims | undefined> => {
    const id = await sha256(token)
    const kept = active.get(id) ?? inactive.get(id)
    if (kept && kept.untilMs > performance.now()) return kept.claims
    const pending = asking.get(id)
    if (pending) return pending
    if (asking.size >= maxConcurrent) throw tooMany()
    const question = learn(id, token).finally(() => asking.delete(id))
    asking.set(id, question)
    return question
  }
}

const tooMany = () =>
  new ProofkeyError(
    'validation_unavailable',
    'Too many tokens are being validated.',
    'Try again later, or raise maxConcurrent.',
    {
      retryable: true,
    },
  )
