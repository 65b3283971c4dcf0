import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as sdk from '../../src/index.js'
import { findViolation, MUTANTS, mutated, sourceWithout } from '../helpers/session-model/mutants.js'
import { play } from '../helpers/session-model/play.js'
import { script } from '../helpers/session-model/steps.js'

/** Some; `npm run fuzz -- --target session` and `--target session-mutants` play far more. */
const SEED = 1
const RUNS = 300
const QUICK_RUNS = 60
const QUICK = MUTANTS.filter(({ quick }) => quick)

describe('the session of 2 to 4 tabs', () => {
  it('holds, whatever the person, the network, the store and the clock do in which order', () =>
    fc.assert(
      fc.asyncProperty(script, (input) => play(sdk, input)),
      { numRuns: RUNS, seed: SEED },
    ))
})

describe('the model misses what is taken out', () => {
  it.each(QUICK.map((mutant) => [mutant.name, mutant] as const))('%s', async (_, mutant) => {
    expect(await findViolation(await mutated(mutant), QUICK_RUNS, SEED)).toBeDefined()
  })
})

it('every defence that is taken out is there, once', async () => {
  for (const mutant of MUTANTS) await sourceWithout(mutant)
})
