import { expect, it } from 'vitest'
import { joinScopes, scopes } from '../../src/protocol/scope.js'

it('a scope is its values, however many spaces there are (RFC 6749 §3.3)', () => {
  expect(scopes(' read   write ')).toEqual(['read', 'write'])
  expect([scopes(''), scopes(undefined)]).toEqual([[], []])
})

it('scopes are joined, each value once', () => {
  expect(joinScopes('read write', undefined, 'write admin')).toBe('read write admin')
  expect([joinScopes(), joinScopes('', ' ', undefined)]).toEqual([undefined, undefined])
})
