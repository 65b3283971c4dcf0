import { type ProofkeyEvent, redirect, type SignInResult } from '../../../src/index.js'
import { type AttackName, attacks } from './attacks.js'
import { type Attempt, createBench } from './attempts.js'
import { demoClient } from './client.js'
import { kept } from './kept.js'

/** The attacks to run, the first one's sign-in being under way. */
interface Queue {
  readonly names: readonly AttackName[]
  /** The record id of that sign-in. */
  readonly id?: string
}

const queue = kept<Queue>('queue', { names: [] })
const outcomes = kept<Partial<Record<AttackName, readonly Attempt[]>>>('outcomes', {})

export const outcomeOf = (name: AttackName): readonly Attempt[] | undefined => outcomes.get()[name]
export const isAttackPending = (): boolean => queue.get().names.length > 0
export const callOff = (): void => queue.set({ names: [] })

/** Leaves for a callback URL of the attack's own. The server remembers the person, so it asks nothing. */
export async function start(names: readonly AttackName[]): Promise<void> {
  const client = demoClient(() => {})
  client.subscribe((event: ProofkeyEvent) => {
    if (event.type === 'sign_in_started' && event.transaction) queue.set({ names, id: event.transaction })
  })
  try {
    await client.signIn({ userAgent: redirect() })
  } finally {
    callOff()
  }
}

/**
 * Back with a callback URL that nobody has handled: runs the attack on it.
 * @returns the attack, the result of its honest part, and the attacks that remain
 */
export async function run(
  callback: string,
): Promise<{ name: AttackName; result: SignInResult | undefined; rest: readonly AttackName[] }> {
  const { names, id = '' } = queue.get()
  const [name, ...rest] = names as [AttackName, ...AttackName[]]
  callOff()
  const bench = createBench()
  await attacks[name].run(bench, { callback, id })
  outcomes.set({ ...outcomes.get(), [name]: bench.attempts })
  return { name, result: bench.result, rest }
}
