import { afterEach, describe, expect, it, vi } from 'vitest'
import { joinTabs, type TabMessage } from '../../src/session/tabs.js'
import { until } from '../helpers/until.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const tab of open.splice(0)) tab.close()
  vi.unstubAllGlobals()
})
const join = (clientKey: string) => {
  const heard: TabMessage[] = []
  const tab = joinTabs(clientKey, (message) => heard.push(message))
  open.push(tab)
  return { ...tab, heard }
}

describe('the tabs of one client', () => {
  it('hear each other, but not themselves, and no other client', async () => {
    const [one, two, other] = [join('a'), join('a'), join('b')]
    one.tell('changed')
    one.tell({ ended: 'id' })
    await until(() => two.heard.length === 2)
    // What was sent to the other client before this would have arrived before it.
    join('b').tell('active')
    await until(() => other.heard.length > 0)
    expect([one.heard, two.heard, other.heard]).toEqual([[], ['changed', { ended: 'id' }], ['active']])
  })

  it('hear nothing any more when they have left', async () => {
    const [one, two, three] = [join('a'), join('a'), join('a')]
    two.close()
    one.tell('changed')
    await until(() => three.heard.length > 0)
    expect(two.heard).toEqual([])
  })

  it('are each on their own where there is no channel', () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    const one = join('a')
    one.tell('changed')
    one.close()
    expect(one.heard).toEqual([])
  })
})
