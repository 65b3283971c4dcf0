import { expect, it } from 'vitest'
import { figuresIn } from './figures-in.js'
import { textTable } from './table.js'

it('reads the figures of every table that a benchmark prints, and of nothing else', () => {
  const output = [
    'Node 20.20, 3 rounds',
    textTable([
      ['requests', 'one at a time', '32 in flight'],
      ['by hand, ES256', '7,921/s', '8,100/s'],
      ['proofkey', '1.08×', 'none'],
    ]),
    '',
    'medians of 5 rounds',
    textTable([
      ['heap', 'proofkey, memoryVault'],
      ['at 1000', '12.5 MB'],
    ]),
  ].join('\n')
  expect([...figuresIn(output)]).toEqual([
    ['by hand, ES256, one at a time', 7921],
    ['by hand, ES256, 32 in flight', 8100],
    ['proofkey, one at a time', 1.08],
    ['at 1000, proofkey, memoryVault', 12.5],
  ])
})
