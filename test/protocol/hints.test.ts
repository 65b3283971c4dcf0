import { describe, expect, it } from 'vitest'
import { omitLongHints, omittedHint } from '../../src/protocol/hints.js'
import { defineProvider } from '../../src/providers.js'

const urlWith = (parameters: Record<string, string>) =>
  new URL(`https://as.example/logout?${new URLSearchParams(parameters)}`)

describe('hints are left out', () => {
  const both = { id_token_hint: 'a.b.c', logout_hint: 'ada', client_id: 'spa' }
  const left = (maxUrlBytes: number) => {
    const url = urlWith(both)
    omitLongHints(url, maxUrlBytes)
    return [...url.searchParams.keys()]
  }
  const { length } = urlWith(both).href

  it('of a URL that is too long, the ID token first, and nothing else', () => {
    expect(left(length)).toEqual(['id_token_hint', 'logout_hint', 'client_id'])
    expect(left(length - 1)).toEqual(['logout_hint', 'client_id'])
    expect(left(1)).toEqual(['client_id'])
  })
})

describe('that a hint was left out is told', () => {
  it('where it was given and is not in the URL', () => {
    expect(omittedHint(urlWith({}), 'a.b.c')).toEqual({ type: 'id_token_hint_omitted', bytes: 5 })
    expect(omittedHint(urlWith({}), 'ada', undefined, 'logout_hint')).toEqual({ type: 'logout_hint_omitted', bytes: 3 })
  })

  it('and not where it was not given, is sent, or the server is not visited', () => {
    expect(omittedHint(urlWith({}), undefined)).toBeUndefined()
    expect(omittedHint(urlWith({ id_token_hint: 'a.b.c' }), 'a.b.c')).toBeUndefined()
    expect(omittedHint(undefined, 'a.b.c')).toBeUndefined()
  })

  it('nor of a server that has no such hint', () => {
    const provider = defineProvider({ name: 'X', reason: 'A test.', logoutParameters: { logout_hint: 'logout_hint' } })
    expect(omittedHint(urlWith({}), 'a.b.c', provider)).toBeUndefined()
    expect(omittedHint(urlWith({}), 'ada', provider, 'logout_hint')).toHaveProperty('type', 'logout_hint_omitted')
  })
})
