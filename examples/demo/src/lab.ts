import { redirect, type SignInResult } from '../../../src/index.js'
import { type AttackName, attacks } from './attacks.js'
import { type Attempt, createBench } from './attempts.js'
import { demoClient } from './client.js'
import { kept } from './kept.js'

interface Pending {
  /** The attack whose sign-in is under way. */
  readonly name: AttackName
  /** The record id of that sign-in. */
  readonly id: string
  /** The attacks to go on with. */
  readonly rest: readonly AttackName[]
}

const underWay = kept<Pending | undefined>('attack', undefined)
const outcomes = kept<Partial<Record<AttackName, readonly Attempt[]>>>('outcomes', {})

export const outcomeOf = (name: AttackName): readonly Attempt[] | undefined => outcomes.get()[name]
export const isPending = (): boolean => underWay.get() !== undefined
export const pending = (): Pending => underWay.get()!
export const callOff = (): void => underWay.clear()

/** Leaves for a callback URL of the attack's own. The server remembers the person, so it asks nothing. */
export async function start([name, ...rest]: readonly [AttackName, ...AttackName[]]): Promise<void> {
  const client = demoClient(() => {})
  client.subscribe(({ type, transaction }) => {
    if (type === 'sign_in_started' && transaction) underWay.set({ name, id: transaction, rest })
  })
  try {
    await client.signIn({ userAgent: redirect() })
  } finally {
    callOff()
  }
}

/**
 * Back with a callback URL that nobody has handled: runs the attack on it.
 * @returns the result of its honest part
 */
export async function run(callback: string): Promise<SignInResult | undefined> {
  const { name, id } = pending()
  callOff()
  const bench = createBench()
  await attacks[name].run(bench, { callback, id })
  outcomes.set({ ...outcomes.get(), [name]: bench.attempts })
  return bench.result
}
