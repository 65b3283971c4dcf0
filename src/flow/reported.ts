import { codeOf } from '../errors.js'
import { createEmitter, type EventBody, type EventContext, type Listener, type ProofkeyEvent } from '../events.js'

/** The events of an operation. */
export interface Milestones<T> {
  readonly started: EventBody
  readonly completed: (result: T) => EventBody
  readonly failed: (code: string) => EventBody
}

/** Reports the start and the end of an operation. */
export async function reported<T>(
  report: (event: EventBody) => void,
  { started, completed, failed }: Milestones<T>,
  work: () => Promise<T>,
): Promise<T> {
  report(started)
  try {
    const result = await work()
    report(completed(result))
    return result
  } catch (error) {
    report(failed(codeOf(error)))
    throw error
  }
}

/** Reports the events of a function that has no client to subscribe to; `listener` is its `onEvent` option. */
export function reporter(
  context: Omit<EventContext, 'atMs' | 'transaction'>,
  listener: Listener<ProofkeyEvent> = () => {},
): (event: EventBody) => void {
  const { emit, subscribe } = createEmitter<ProofkeyEvent>()
  subscribe(listener)
  return (event) => emit({ atMs: Date.now(), ...context, ...event })
}
