import { expect, it } from 'vitest'
import { hasColors } from '../../../src/audit/cli/io.js'
import { terminal } from '../../../src/audit/report/terminal.js'
import { everyKind, reportWith, resultWith } from './report-for-tests.js'

const out = (isTTY: boolean) => ({ isTTY, write: () => {} })

it('shows failures first, with what is needed to repair them, then the rest', () => {
  const text = terminal(reportWith())
  const order = [
    'Failed',
    'Observed',
    'Why',
    'Repair',
    'Setting',
    'Source',
    'Warnings',
    'Inconclusive',
    'tokens could not',
  ]
  const places = order.map((part) => text.indexOf(part))
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(places[0]).toBe(0)
  expect(text).not.toContain('\u001b')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  expect(terminal(reportWith(), { colors: true })).toContain('\u001b[31')
})

it('lets a server write nothing into the terminal but text', () => {
  const observed = 'It answered \u001b[2J\u001b]0;title\u0007\r\nFake: passed \u202egnp'
  const text = terminal(reportWith([resultWith({ observed, clientId: 'a\u001b[31m' })]))
  expect([...'\u001b\u0007\r\u202e'].filter((sign) => text.includes(sign))).toEqual([])
  expect(text).not.toMatch(/^Fake/m)
})

it('says once why many checks are inconclusive', () => {
  const observed = 'It needs a person who signs in.'
  const open = ['one', 'two', 'three'].map((id) => resultWith({ id, result: 'inconclusive', observed }))
  const text = terminal(reportWith(open))
  expect(text.split(observed).length).toBe(2)
  expect(text).toContain('one, two, three')
})

it('keeps accepted findings apart', () => {
  const [finding] = everyKind()
  const text = terminal(reportWith([{ ...finding!, acceptedBecause: 'ticket 7' }]))
  expect(text).toContain('Accepted by the baseline')
  expect(text).not.toContain('Observed')
})

it('has colours only on a terminal, and not where they are unwanted', () => {
  expect(hasColors(out(true), { env: {} })).toBe(true)
  expect(hasColors(out(false), { env: {} })).toBe(false)
  expect(hasColors(out(true), { env: { NO_COLOR: '1' } })).toBe(false)
  expect(hasColors(out(true), { env: { TERM: 'dumb' } })).toBe(false)
  expect(hasColors(out(true), { env: {} }, true)).toBe(false)
})
