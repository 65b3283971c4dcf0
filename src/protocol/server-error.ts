import type { ServerError } from '../errors.js'

/** What must not come back out in a server's words. */
export type Secrets = readonly (string | null | undefined)[]

/** A server's words are untrusted: control characters go, and what it was sent, secrets first, is blotted out. */
export function redact(text: string, secrets: Secrets): string {
  let out = text.replace(/[^\x20-\x7e]+/g, ' ')
  for (const secret of secrets) if (secret && secret.length > 7) out = out.replaceAll(secret, '…')
  return out
}

/** What a server said was wrong, each part cut to 200 characters. */
export function serverError(error: string, description: unknown, secrets: Secrets): ServerError {
  return {
    error: redact(error, secrets).slice(0, 200),
    ...(typeof description === 'string' && { description: redact(description, secrets).slice(0, 200) }),
  }
}
