import { createKnownSecrets } from './known-secrets.js'

/** Members and parameters whose values are secret, or stand for a person. */
const SECRET_NAMES =
  /^(code|code_verifier|client_secret|client_assertion|assertion|password|token|access_token|refresh_token|id_token|id_token_hint|subject_token|device_code|user_code|request_uri|registration_access_token|logout_token|request|username|login_hint)$/

/** Members of a JWK that a public key does not have (RFC 7518 §6). */
const SECRET_KEY_MEMBERS = /^(d|p|q|dp|dq|qi|oth|k|priv)$/

const SECRET_HEADERS = /^(authorization|cookie|dpop|set-cookie|dpop-nonce)$/i

/**
 * Cuts secrets from what is recorded: by the name of a parameter, and by value wherever a known secret appears, also
 * encoded.
 */
export function createRedaction() {
  const secrets = createKnownSecrets()
  const text = secrets.cut

  const named = (name: string, value: string) =>
    SECRET_NAMES.test(name) && value ? (secrets.labelOf(value) ?? `‹${name}›`) : text(value)

  /** Parameters in a readable form, secrets cut: `a=b&c=‹code›`. */
  function parameters(given: URLSearchParams): string {
    return [...given].map(([name, value]) => `${text(name)}=${named(name, value)}`).join('&')
  }

  function json(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(json)
    if (typeof value === 'string') return text(value)
    if (typeof value !== 'object' || value === null) return value
    const isKey = 'kty' in value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        isKey && SECRET_KEY_MEMBERS.test(name)
          ? `‹${name}›`
          : typeof member === 'string'
            ? named(name, member)
            : json(member),
      ]),
    )
  }

  return {
    /** Replaces each known secret. */
    text,
    parameters,

    /** From now on this value appears as its label wherever it is recorded. */
    add(secret: string | undefined | null, label: string): void {
      if (secret) secrets.add(secret, `‹${label}›`)
    },

    url(value: string): string {
      if (!URL.canParse(value)) return text(value)
      const url = new URL(value)
      const query = url.search && `?${parameters(url.searchParams)}`
      const fragment = url.hash && `#${parameters(new URLSearchParams(url.hash.slice(1)))}`
      url.search = url.hash = ''
      return text(`${url.href}${query}${fragment}`)
    },

    /** A body: JSON and forms by their members, anything else as text. */
    body(value: string, contentType: string): string {
      if (/json/i.test(contentType)) {
        try {
          return JSON.stringify(json(JSON.parse(value)))
        } catch {
          return text(value)
        }
      }
      return /form-urlencoded/i.test(contentType) ? parameters(new URLSearchParams(value)) : text(value)
    },

    /** A header's value; credentials keep their scheme only, cookies their names and attributes. */
    header(name: string, value: string): string {
      if (!SECRET_HEADERS.test(name)) return /^location$/i.test(name) ? this.url(value) : text(value)
      if (/^set-cookie$/i.test(name)) return value.replace(/^([^=;]*)=[^;]*/, '$1=‹cookie›')
      return value.replace(/^(\w+ )?.*$/s, (_, scheme = '') => `${scheme}‹${name.toLowerCase()}›`)
    },
  }
}

export type Redaction = ReturnType<typeof createRedaction>
