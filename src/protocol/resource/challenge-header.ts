import { configInvalid } from '../authorize/begin.js'

/** The parameters of one challenge; undefined ones are left out. */
export type ChallengeParameters = Readonly<Record<string, string | number | undefined>>

/**
 * One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1): the scheme and its parameters as quoted strings.
 * @throws `config_invalid` for a value with other characters than printable ASCII, which could end the header
 */
export function challengeHeader(scheme: string, parameters: ChallengeParameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${quoted(name, `${value}`)}`,
  )
  return [scheme, pairs.join(', ')].filter(Boolean).join(' ')
}

function quoted(name: string, value: string): string {
  if (!isQuotable(value)) throw configInvalid([`${name}: must be printable ASCII`])
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** Whether a text can be a quoted string of a header. */
export const isQuotable = (value: unknown): boolean => typeof value === 'string' && /^[ -~]*$/.test(value)

/** The characters that RFC 6750 §3 forbids in `error_description`. */
const FORBIDDEN_CHARACTERS = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/** A text as `error_description`. */
export const described = (text: string): string => text.replace(FORBIDDEN_CHARACTERS, "'")
