import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type AuthorizationDetail,
  changedDetails,
  detailsDifference,
} from '../../../src/protocol/token/granted-details.js'

const payment = { type: 'payment', amount: { currency: 'EUR', value: '12.00' }, actions: ['initiate', 'status'] }
const accounts = { type: 'accounts', access: { balances: [], transactions: [] } }

it.each<[string, readonly AuthorizationDetail[], readonly AuthorizationDetail[]]>([
  ['the same', [payment, accounts], [payment, accounts]],
  ['another order', [payment, accounts], [accounts, payment]],
  ['another order of members and items', [payment], [{ ...payment, actions: ['status', 'initiate'] }]],
  ['more members, also inside', [payment], [{ ...payment, id: 7, amount: { ...payment.amount, fee: '0' } }]],
  ['empty lists filled', [accounts], [{ ...accounts, access: { balances: [{ iban: 'DE1' }], transactions: [1] } }]],
  ['a member that is null', [{ ...payment, note: null }], [{ ...payment, note: null }]],
  ['twice the same', [payment, payment], [payment, { ...payment, id: 1 }]],
  // The first request fits both grants, the second only one of them.
  [
    'a pairing that is not the first one',
    [{ type: 'a' }, { type: 'a', x: 1 }],
    [
      { type: 'a', x: 1 },
      { type: 'a', x: 2 },
    ],
  ],
])('what was granted is what was requested: %s', (_, requested, granted) => {
  expect(detailsDifference(requested, granted)).toBeUndefined()
})

it.each<[string, readonly AuthorizationDetail[], readonly AuthorizationDetail[], string]>([
  ['nothing', [payment], [], 'payment is missing'],
  ['less', [payment, accounts], [payment], 'accounts is missing'],
  ['another type', [payment], [accounts], 'payment is missing'],
  [
    'a larger amount',
    [payment],
    [{ ...payment, amount: { currency: 'EUR', value: '1200.00' } }],
    'payment has another amount.value',
  ],
  ['an amount that is null', [payment], [{ ...payment, amount: null }], 'payment has another amount'],
  ['a note that is not null', [{ ...payment, note: null }], [{ ...payment, note: {} }], 'payment has another note'],
  ['an amount of another type', [payment], [{ ...payment, amount: 12 }], 'payment has another amount'],
  [
    'one action more',
    [payment],
    [{ ...payment, actions: [...payment.actions, 'cancel'] }],
    'payment has another actions',
  ],
  ['one action less', [payment], [{ ...payment, actions: ['status'] }], 'payment has another actions'],
  ['one action twice', [payment], [{ ...payment, actions: ['status', 'status'] }], 'payment has another actions'],
  ['an object as a list', [accounts], [{ ...accounts, access: [] }], 'accounts has another access'],
  [
    'a member of the prototype',
    [{ type: 'a', constructor: Object.name }],
    [{ type: 'a' }],
    'a has another constructor',
  ],
  ['more than was requested', [payment], [payment, accounts], 'accounts was not requested'],
  ['the same payment twice', [payment], [payment, payment], 'payment was not requested'],
  ['one payment of two', [payment, payment], [payment], 'payment is missing'],
])('what was granted is something else: %s', (_, requested, granted, difference) => {
  expect(detailsDifference(requested, granted)).toBe(difference)
})

it('what is for other locations may be missing in a token for one resource (RFC 9396 §2.2)', () => {
  const here = { type: 'a', locations: ['https://here.example'] }
  const there = { type: 'b', locations: ['https://there.example'] }
  const everywhere = { type: 'c' }
  const requested = [here, there, everywhere]
  expect(detailsDifference(requested, [here, everywhere], 'https://here.example')).toBeUndefined()
  expect(detailsDifference(requested, requested, 'https://here.example')).toBeUndefined()
  expect(detailsDifference(requested, [there, everywhere], 'https://here.example')).toBe('a is missing')
  expect(detailsDifference(requested, [here], 'https://here.example')).toBe('c is missing')
  expect(detailsDifference(requested, [here, everywhere])).toBe('b is missing')
})

it('a change is told by its types only', () => {
  const secret = { ...payment, creditor: 'hunter2' }
  expect(changedDetails([payment], [payment])).toBeUndefined()
  expect(changedDetails([payment], [accounts])).toMatchObject({ missing: ['payment'], added: ['accounts'] })
  expect(changedDetails([payment], [secret])).toEqual({
    ...{ type: 'authorization_details_changed', missing: [], added: ['payment'] },
  })
  expect(changedDetails([secret], [payment])).toMatchObject({ missing: ['payment'], added: [] })
  const many = Array.from({ length: 50 }, (_, index) => ({ type: `${index}-`.padEnd(1000, 'x') }))
  const told = changedDetails([], many) as unknown as { added: string[] }
  expect(told.added).toHaveLength(10)
  expect(told.added[0]).toHaveLength(100)
})

const detail = fc
  .record({ type: fc.constantFrom('a', 'b', 'c') })
  .chain(({ type }) =>
    fc
      .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
      .map((members): AuthorizationDetail => ({ ...members, type })),
  )

it('each list is what was requested of itself, in any order and with more members', () => {
  fc.assert(
    fc.property(fc.array(detail, { maxLength: 5 }), fc.string(), (requested, name) => {
      const granted = [...requested].reverse().map((one) => ({ [`${name}-more`]: 1, ...one }))
      expect(detailsDifference(requested, granted)).toBeUndefined()
    }),
  )
})

it('a list with one object more or less never passes', () => {
  fc.assert(
    fc.property(fc.array(detail, { minLength: 1, maxLength: 5 }), detail, (requested, extra) => {
      expect(detailsDifference(requested, requested.slice(1))).toBeDefined()
      expect(detailsDifference(requested, [...requested, extra])).toBeDefined()
    }),
  )
})
