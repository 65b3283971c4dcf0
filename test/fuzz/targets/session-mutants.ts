import fc from 'fast-check'
import { findViolation, MUTANTS, mutated } from '../../helpers/session-model/mutants.js'
import { fuzzTarget } from '../target.js'
import { must } from '../verdict.js'

const RUNS = 20_000
const SEED = 1

const caught = new Map<string, Promise<boolean>>()

async function isCaught(name: string): Promise<boolean> {
  const violation = await findViolation(await mutated(MUTANTS.find((one) => one.name === name)!), RUNS, SEED)
  console.log(`${violation ? `caught in run ${violation.run}` : 'MISSED'}: ${name}`)
  return !!violation
}

/** The session without one of its defences: the target `session` finds what is missing. */
export const sessionMutants = fuzzTarget({
  name: 'session-mutants',
  arbitrary: fc.constantFrom(...MUTANTS.map(({ name }) => name)),
  async property(name) {
    const search = caught.get(name) ?? isCaught(name)
    caught.set(name, search)
    must(await search, 'not caught:', name)
  },
})
