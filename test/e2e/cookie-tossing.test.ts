import { beforeEach, describe, expect, it } from 'vitest'
import { type AnyTab, BROWSERS } from './any-browser.js'
import { type TossingSite, tossingSite, type VaultName } from './tossing-site.js'

let site: TossingSite
const start = async () => {
  site = await tossingSite()
  return site
}

/** One octet, A0, as Node writes and reads headers. */
const NO_BREAK_SPACE = '\u00a0'

describe.each(BROWSERS)('a sub-domain that sets cookies for the whole site, in %s', (_, use) => {
  const newVictim = use(start)
  let victim: AnyTab

  beforeEach(async () => {
    victim = await newVictim()
    site.events.length = 0
    site.callbacks.length = 0
    site.trims = false
  })

  describe.each<VaultName>(['cookie', 'memory'])('and a sign-in that waits in the %s vault', (vault) => {
    it('signs nobody in as the attacker: U+00A0 before the prefix', async () => {
      await site.prepare(vault, NO_BREAK_SPACE)
      await victim.visit(site.evil)
      expect(await victim.text()).toBe('unknown_state')
      // The browser let it pass, and it came.
      expect(site.callbacks[0]?.cookie).toContain(`${NO_BREAK_SPACE}__Host-Http-proofkey.`)
      expect(site.events).toContainEqual(expect.objectContaining({ type: 'cookie_refused', reason: 'name' }))
    })

    it('would, were names trimmed', async () => {
      site.trims = true
      await site.prepare(vault, NO_BREAK_SPACE)
      await victim.visit(site.evil)
      expect(await victim.text()).toBe('signed in as mallory')
    })

    it('cannot set the cookie by its own name', async () => {
      site.trims = true
      await site.prepare(vault, '')
      await victim.visit(site.evil)
      expect(await victim.text()).toBe('unknown_state')
      expect(site.callbacks[0]?.cookie).toBe('')
    })

    it('does not keep the person from signing in', async () => {
      await site.prepare(vault, NO_BREAK_SPACE)
      await victim.visit(site.evil)
      await victim.visit(`${site.url}/${vault}/login`)
      await victim.signIn(`${site.url}/${vault}/callback`)
      expect(await victim.text()).toBe('signed in as ada')
    })
  })
})
