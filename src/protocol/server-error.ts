import type { ServerError } from '../errors.js'

/** What must not come back out in a server's words. */
export type Secrets = readonly (string | null | undefined)[]

/** A server's words are untrusted: control characters out, length bounded, the sign-in's own secrets blotted out. */
export function serverError(error: string, description: string | null | undefined, secrets: Secrets): ServerError {
  const clean = (text: string) => {
    let out = text.replace(/[^\x20-\x7e]+/g, ' ')
    for (const secret of secrets) if (secret) out = out.replaceAll(secret, '…')
    return out.slice(0, 200)
  }
  return { error: clean(error), ...(description && { description: clean(description) }) }
}
