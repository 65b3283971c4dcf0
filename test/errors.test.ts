import { describe, expect, it, vi } from 'vitest'
import { isProofkeyError, ProofkeyError } from '../src/errors.js'

describe('ProofkeyError', () => {
  it('is an error with a code, a message and a repair', () => {
    const error = new ProofkeyError('storage_full', 'No room.', 'Make room.')
    expect(error).toBeInstanceOf(Error)
    expect(`${error}`).toBe('ProofkeyError [storage_full]: No room.')
    expect(error.stack).toMatch(/^ProofkeyError \[storage_full\]: No room\.\n/)
    expect(error.stack).toContain('errors.test.ts')
    expect(error).toMatchObject({
      name: 'ProofkeyError [storage_full]',
      code: 'storage_full',
      message: 'No room.',
      hint: 'Make room.',
    })
  })

  it('is not retryable, has no server error and a general repair, unless said otherwise', () => {
    const error = new ProofkeyError('expired', 'Too late.')
    expect(error.retryable).toBe(false)
    expect(error.serverError).toBeUndefined()
    expect(error.hint).toMatch(/\w/)
    expect('cause' in error).toBe(false)
  })

  it('is not retryable where that is undefined', () => {
    expect(new ProofkeyError('timeout', 'Late.', 'Retry.', { retryable: undefined }).retryable).toBe(false)
  })

  it('keeps cause, server error and whether a retry can help', () => {
    const cause = new TypeError('Failed to fetch')
    const serverError = { error: 'access_denied', description: 'The person said no' }
    const error = new ProofkeyError('network_error', 'No answer.', 'Retry.', { cause, serverError, retryable: true })
    expect(error.cause).toBe(cause)
    expect(error.serverError).toEqual(serverError)
    expect(error.retryable).toBe(true)
  })

  it('shows its fields to whatever logs errors as JSON', () => {
    const error = new ProofkeyError('expired', 'Too late.', 'Again.')
    const shown = { name: 'ProofkeyError [expired]', code: 'expired', hint: 'Again.' }
    expect(JSON.parse(JSON.stringify(error))).toMatchObject(shown)
  })
})

describe('isProofkeyError', () => {
  it('knows one of its own', () => {
    expect(isProofkeyError(new ProofkeyError('expired', 'Too late.'))).toBe(true)
  })

  it('knows one of another copy of the package', async () => {
    vi.resetModules()
    const copy = await import('../src/errors.js')
    const error = new copy.ProofkeyError('expired', 'Too late.')
    expect(error).not.toBeInstanceOf(ProofkeyError)
    expect(isProofkeyError(error)).toBe(true)
  })

  it.each([
    ['another error', new TypeError('x')],
    ['another error with a code', Object.assign(new Error('x'), { code: 'expired' })],
    ['an error that has the name alone', Object.assign(new Error('x'), { name: 'ProofkeyError [expired]' })],
    ['an error of another name', Object.assign(new Error('x'), { name: 'ProofkeyErrors', code: 'expired' })],
    ['an error without a name', Object.assign(new Error('x'), { name: undefined, code: 'expired' })],
    ['an object that looks like one', { name: 'ProofkeyError [expired]', code: 'expired', message: 'x', hint: 'y' }],
    ['a text', 'ProofkeyError'],
    ['null', null],
    ['undefined', undefined],
  ])('does not take for one: %s', (_, value) => {
    expect(isProofkeyError(value)).toBe(false)
  })
})
