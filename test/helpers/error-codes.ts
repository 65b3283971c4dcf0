import { readFileSync } from 'node:fs'

/** All error codes, in the order of their type. */
export function errorCodes(): string[] {
  const types = readFileSync(new URL('../../src/errors/error-code.ts', import.meta.url), 'utf8')
  const union = types.slice(types.indexOf('ErrorCode ='), types.indexOf('CheckedClaim'))
  return [...union.matchAll(/\| '(\w+)'/g)].map(([, code = '']) => code)
}
