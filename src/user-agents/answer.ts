import { aborted, ProofkeyError } from '../errors.js'
import type { SignInAttempt } from './user-agent.js'

export type Undo = () => unknown

export interface CallbackWait {
  /** The person came back with this URL. */
  answer(url: string): void
  fail(error: unknown): void
  /** Runs when the waiting is over. @throws where it is over already, after running it, so that nothing more is started */
  atEnd(undo: Undo | undefined): void
}

/** The longest that a timer can be set to: 24 days. Set to more, it is over at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Waits for the URL that the person comes back with. When the waiting is over, what listened for it is given up in the
 * same turn, so that a sign-in that is started next finds nothing left.
 * @param timeoutSeconds at most 24 days; more counts as that
 * @param listen starts listening; what it throws ends the waiting
 * @throws `timeout`, `aborted`, and what `listen` fails with
 */
export function answerOf(
  { signal }: SignInAttempt,
  timeoutSeconds: number,
  listen: (waiting: CallbackWait) => void | Promise<void>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const undos: Undo[] = []
    let over = false
    const ending =
      <T>(settle: (value: T) => void) =>
      (value: T) => {
        settle(value)
        over = true
        undos.splice(0).forEach(quietly)
      }
    const fail = ending(reject)
    const atEnd = (undo: Undo = () => {}) => {
      if (!over) return void undos.push(undo)
      quietly(undo)
      throw signal?.reason
    }
    const abort = () => fail(aborted(signal?.reason))
    const timer = setTimeout(
      () => fail(new ProofkeyError('timeout', `Nobody came back within ${timeoutSeconds} s.`)),
      Math.min(timeoutSeconds * 1000, LONGEST_TIMER_MS),
    )
    atEnd(() => clearTimeout(timer))
    signal?.addEventListener('abort', abort)
    atEnd(() => signal?.removeEventListener('abort', abort))
    if (signal?.aborted) return abort()
    const listening = async () => listen({ answer: ending(resolve), fail, atEnd })
    listening().catch(fail)
  })
}

/** A tab that is closed already cannot be closed: no reason to fail. */
async function quietly(undo: Undo): Promise<void> {
  try {
    await undo()
  } catch {}
}

/** The person closed what the server's pages were shown in. */
export const cancelled = (): ProofkeyError => new ProofkeyError('cancelled', 'The person closed the window.')
