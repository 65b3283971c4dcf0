import { aborted, ProofkeyError } from '../errors.js'
import type { Journey } from './contract.js'

export type Undo = () => unknown

export interface Waiting {
  /** The person came back with this URL. */
  answer(url: string): void
  fail(error: unknown): void
  /** Runs when the waiting is over. @throws where it is over already, after running it, so that nothing more is started */
  atEnd(undo: Undo | undefined): void
}

/**
 * Waits for the URL that the person comes back with, and gives up whatever listened for it.
 * @param listen starts listening; what it throws ends the waiting
 * @throws `timeout`, `aborted`, and what `listen` fails with
 */
export async function answerOf(
  { signal }: Journey,
  timeoutSeconds: number,
  listen: (waiting: Waiting) => void | Promise<void>,
): Promise<string> {
  const undos: Undo[] = []
  let over = false
  try {
    return await new Promise<string>((answer, fail) => {
      const atEnd = (undo: Undo = () => {}) => {
        if (!over) return void undos.push(undo)
        quietly(undo)
        throw signal?.reason
      }
      const abort = () => fail(aborted(signal?.reason))
      const timer = setTimeout(
        () => fail(new ProofkeyError('timeout', `Nobody came back within ${timeoutSeconds} s.`)),
        timeoutSeconds * 1000,
      )
      atEnd(() => clearTimeout(timer))
      signal?.addEventListener('abort', abort)
      atEnd(() => signal?.removeEventListener('abort', abort))
      if (signal?.aborted) return abort()
      Promise.resolve(listen({ answer, fail, atEnd })).catch(fail)
    })
  } finally {
    over = true
    undos.forEach(quietly)
  }
}

/** A tab that is closed already cannot be closed: no reason to fail. */
async function quietly(undo: Undo): Promise<void> {
  try {
    await undo()
  } catch {}
}

/** The person closed what the server's pages were shown in. */
export const cancelled = (): ProofkeyError => new ProofkeyError('cancelled', 'The person closed the window.')
