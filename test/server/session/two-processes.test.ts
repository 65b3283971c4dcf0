import { expect, it } from 'vitest'
import { expireOnTwoProcesses } from '../../helpers/two-processes.js'

const PEOPLE = 50

it('two processes that share Redis refresh each session once', { timeout: 120_000 }, async () => {
  const { refreshes, tokens, isGood } = await expireOnTwoProcesses(PEOPLE)
  const [one = [], other = []] = tokens
  expect(one).toHaveLength(PEOPLE)
  // Both have the token that one of them has got.
  expect(other).toEqual(one)
  expect(one.filter((token) => !isGood(token))).toEqual([])
  expect(new Set(one).size).toBe(PEOPLE)
  expect(refreshes).toBe(PEOPLE)
})
