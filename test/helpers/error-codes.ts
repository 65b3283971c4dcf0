import { readFileSync } from 'node:fs'

/** All error codes, in the order of their type in src/errors.ts. */
export function errorCodes(): string[] {
  const errors = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8')
  const union = errors.slice(
    errors.indexOf('ErrorCode ='),
    errors.indexOf('/**\n * The OAuth error response of the authorization server'),
  )
  return [...union.matchAll(/\| '(\w+)'/g)].map(([, code = '']) => code)
}
