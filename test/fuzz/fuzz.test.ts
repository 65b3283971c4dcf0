import fc from 'fast-check'
import { afterAll, describe, it } from 'vitest'
import { TARGETS } from './targets.js'

/** A sample; `npm run fuzz` runs them all with far more inputs. */
const RUNS = 300

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, { arbitrary, property, close }) => {
  afterAll(close ?? (() => {}))

  it(`holds for ${RUNS} hostile inputs`, () =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (input) => property(input)),
      { numRuns: RUNS },
    ))
})
