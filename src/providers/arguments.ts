import { configInvalid } from '../protocol/authorize/begin.js'
import { parseUrl } from '../protocol/discovery/endpoint.js'

/** A host such as `login.example.com`, perhaps with a port. @throws `config_invalid` for a URL or a path */
export function host(name: string, value: unknown): string {
  if (typeof value === 'string' && parseUrl(`https://${value}`)?.host === value) return value
  throw configInvalid([
    `${name} (${typeof value}): must be a host such as login.example.com, in lower case, without https:// and path`,
  ])
}

/** An absolute URL without query and fragment; a slash at its end is removed. @throws `config_invalid` */
export const baseUrl = (name: string, value: unknown): string => issuerUrl(name, value).replace(/\/$/, '')

/** An absolute URL without query and fragment, as it is: issuers are compared as strings. @throws `config_invalid` */
export function issuerUrl(name: string, value: unknown): string {
  if (typeof value === 'string' && parseUrl(value) && !/[?#]/.test(value)) return value
  throw configInvalid([`${name} (${typeof value}): must be an absolute URL without query and fragment`])
}

/** One segment of a path, for example a realm; it is percent-encoded where necessary. @throws `config_invalid` */
export function segment(name: string, value: unknown): string {
  if (typeof value === 'string' && value && !/^\.{1,2}$/.test(value)) return encodeURIComponent(value)
  throw configInvalid([`${name} (${typeof value}): must be a name, not empty`])
}

/** A GUID, in lower case. @throws `config_invalid`, with what it is instead */
export function guid(name: string, value: unknown, hint: string): string {
  const text = `${value}`.toLowerCase()
  if (isGuid(text)) return text
  throw configInvalid([`${name} (${typeof value}): must be a GUID; ${hint}`])
}

export const isGuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)
