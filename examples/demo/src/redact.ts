/** Parameters and fields whose values anybody may see. */
const PUBLIC = new Set([
  ...['response_type', 'client_id', 'redirect_uri', 'scope', 'code_challenge_method', 'grant_type', 'iss'],
  ...['error', 'error_description', 'token_type', 'expires_in'],
  ...['issuer', 'code_challenge_methods_supported', 'authorization_response_iss_parameter_supported'],
])

/** Values of which the beginning may be seen. The challenge is a digest; `state` begins with its expiry time. */
const CUT = new Set(['state', 'code_challenge'])

/** A value fit to be shown and logged. Of whatever is not known to be harmless, only the length is given. */
export function shown(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (PUBLIC.has(name)) return text.slice(0, 300)
  if (CUT.has(name)) return `${text.slice(0, 8)}… (${text.length} characters)`
  return hidden(text)
}

export const hidden = (text: string): string => `${text.length} characters, never shown`
