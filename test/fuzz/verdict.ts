import { isProofkeyError } from '../../src/protocol.js'

/** What came of a call: its result, or the ProofkeyError that it was refused with. Any other error goes on. */
export async function verdict<T>(call: () => T | Promise<T>): Promise<{ given: T } | { code: string; text: string }> {
  try {
    return { given: await call() }
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    return { code: error.code, text: `${error.message} ${error.hint} ${error.serverError?.description ?? ''}` }
  }
}

/** Fails where a condition does not hold, with what was seen. */
export function must(condition: unknown, what: string, ...seen: unknown[]): asserts condition {
  if (!condition) throw new Error([what, ...seen.map((value) => JSON.stringify(value))].join(' '))
}

/** The WHATWG parser's word. `URL.canParse` of Node 20 is another parser once it is optimized. */
export function parsed(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
