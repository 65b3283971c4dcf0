import { expect, it } from 'vitest'
import { freshSeconds } from '../../../src/protocol/discovery/fresh-seconds.js'

const of = (headers: Record<string, string>) => freshSeconds(new Headers(headers))

it.each([
  [300, {}],
  [300, { 'cache-control': 'public, must-revalidate', expires: '' }],
  [600, { 'cache-control': 'public, max-age=600, s-maxage=5' }],
  [600, { 'cache-control': 'Max-Age="600"', expires: '0' }],
  [590, { 'cache-control': 'max-age=600', age: '10' }],
  [290, { age: '10' }],
])('a response is fresh for %i seconds: %j', (seconds, headers) => {
  expect(of(headers)).toBe(seconds)
})

it.each([
  [{ 'cache-control': 'no-store' }],
  [{ 'cache-control': 'max-age=600, No-Cache' }],
  [{ 'cache-control': 'no-store, max-age=600' }],
  [{ 'cache-control': 'max-age=0' }],
  [{ 'cache-control': 'max-age=-5' }],
  [{ 'cache-control': 'max-age=soon' }],
  [{ 'cache-control': 'max-age' }],
  [{ 'cache-control': 'max-age=60', age: '60' }],
  [{ 'cache-control': 'max-age=60', age: 'old' }],
  [{ expires: '0' }],
  [{ expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }],
])('a response is not fresh: %j', (headers) => {
  expect(of(headers) > 0).toBe(false)
})
