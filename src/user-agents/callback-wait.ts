import { aborted, ProofkeyError } from '../errors.js'
import { afterTime } from '../limits.js'
import type { SignInAttempt } from './user-agent.js'

/** Removes a listener, stops a timer or closes a window. */
export type Undo = () => unknown

export interface CallbackWait {
  /** Ends the wait with the callback URL. */
  receive(url: string): void
  /** Ends the wait with an error. */
  fail(error: unknown): void
  /**
   * Runs `undo` when the wait ends.
   * @throws if the wait has ended already, after running `undo`: the caller must not go on
   */
  onEnd(undo: Undo | undefined): void
}

/**
 * Waits for the callback URL. Every `onEnd` function starts in the same turn in which the wait ends, so that the next
 * sign-in finds no listener of this one.
 * @param timeoutSeconds limited to 99 days
 * @param listen starts listening; an error that it throws ends the wait
 * @returns the callback URL
 * @throws `timeout`, `aborted`, and the errors of `listen`
 */
export function waitForCallback(
  { signal }: SignInAttempt,
  timeoutSeconds: number,
  listen: (wait: CallbackWait) => void | Promise<void>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const undos: Undo[] = []
    let ended = false
    const endWith =
      <T>(settle: (value: T) => void) =>
      (value: T) => {
        settle(value)
        ended = true
        undos.splice(0).forEach(runIgnoringErrors)
      }
    const fail = endWith(reject)
    const onEnd = (undo: Undo = () => {}) => {
      if (!ended) return void undos.push(undo)
      runIgnoringErrors(undo)
      throw signal?.reason
    }
    const abort = () => fail(aborted(signal?.reason))
    onEnd(
      afterTime(timeoutSeconds * 1000, () =>
        fail(
          new ProofkeyError(
            'timeout',
            `No callback arrived within ${timeoutSeconds} s.`,
            'Offer to sign in again. If it recurs, check that the redirect URI is registered, or raise timeoutSeconds.',
          ),
        ),
      ),
    )
    signal?.addEventListener('abort', abort)
    onEnd(() => signal?.removeEventListener('abort', abort))
    if (signal?.aborted) return abort()
    const listening = async () => listen({ receive: endWith(resolve), fail, onEnd })
    listening().catch(fail)
  })
}

/** The sign-in has its result by now, and a failed cleanup (closing a tab that is already closed) must not change it. */
async function runIgnoringErrors(undo: Undo): Promise<void> {
  try {
    await undo()
  } catch {}
}

/** The user closed the window or tab with the server's pages. */
export const cancelled = (): ProofkeyError =>
  new ProofkeyError('cancelled', 'The user closed the sign-in window.', 'Offer to sign in again.')
