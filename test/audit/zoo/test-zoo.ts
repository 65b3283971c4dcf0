import { describe, expect, it } from 'vitest'
import { findingsOf, linesOf, readExpectations } from './expectations.js'
import { auditServer, type Name } from './zoo.js'

/** What the audit finds at each server is what was confirmed by hand. */
export function testZoo(names: readonly Name[]): void {
  // Beside one another: while one audit waits for a clock, the others go on.
  describe.each(names)('the audit of %s', { concurrent: true }, (name) => {
    it('finds what was confirmed by hand, and nothing else', { timeout: 600_000 }, async ({ expect }) => {
      const audited = await auditServer(name)
      expect(linesOf(findingsOf(audited))).toEqual(linesOf(readExpectations(name)))
    })

    it('has a reason for each finding', () => {
      const unconfirmed = readExpectations(name).filter(
        ({ result, why }) => (result === 'fail' || result === 'warning') && !why?.startsWith('confirmed: '),
      )
      expect(unconfirmed).toEqual([])
    })
  })
}
