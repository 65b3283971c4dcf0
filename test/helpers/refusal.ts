import { expect } from 'vitest'
import { type ErrorCode, isProofkeyError, type ProofkeyError } from '../../src/protocol.js'

/** Expects the work to be refused with this code, and gives the error for a closer look. */
export async function refusal(work: Promise<unknown> | (() => unknown), code: ErrorCode): Promise<ProofkeyError> {
  let error: unknown
  try {
    const result = await (typeof work === 'function' ? work() : work)
    throw new Error(`Nothing was refused: ${JSON.stringify(result)}`)
  } catch (caught) {
    error = caught
  }
  if (!isProofkeyError(error)) throw error
  expect(error.code).toBe(code)
  expect(error.message).toMatch(/^\w.*\.$/)
  expect(error.hint).toMatch(/\.$/)
  return error
}
