import { expect, it } from 'vitest'
import { createPatience } from '../../../src/audit/browser/patience.js'

const url = (parameters = '') => new URL(`https://login.example.com/authorize?${parameters}`)

it('learns from the answers that need no person, within limits', () => {
  const patience = createPatience()
  expect(patience.ms()).toBe(1500)
  patience.learn(url(), 20_000)
  expect(patience.ms()).toBe(1500)
  patience.learn(url(), 10)
  expect(patience.ms()).toBe(250)
  patience.learn(url('prompt=none'), 200)
  patience.learn(url(), 90)
  expect(patience.ms()).toBe(800)
  patience.learn(url('prompt=login'), 20_000)
  patience.learn(url('max_age=1'), 20_000)
  expect(patience.ms()).toBe(800)
  patience.learn(url(), 20_000)
  expect(patience.ms()).toBe(3000)
})
