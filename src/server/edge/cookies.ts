import type { CookieJar } from '../../vault/cookie.js'

export interface RequestCookies extends CookieJar {
  /** `Set-Cookie` values for the response. */
  changes(): string[]
}

/**
 * The cookies of a request, and what the response changes of them. `Secure`, `HttpOnly`, `Path=/`, no `Domain`
 * (RFC 10017 §6.1.3.2).
 * @param sameSite `Lax` lets the callback, a cross-site navigation, bring its cookie; a form post needs `None`
 */
export function createCookieJar(header: string | null, sameSite: 'Lax' | 'None'): RequestCookies {
  const cookies = new Map<string, string>()
  for (const pair of header?.split(';') ?? []) {
    const [name = '', ...value] = pair.split('=')
    // The first of a name is the one with the longest path: the one that was set for us comes without a rival.
    if (!cookies.has(name.trim())) cookies.set(name.trim(), value.join('=').trim())
  }
  const changed = new Map<string, string>()
  const write = (name: string, value: string, maxAge: number) =>
    changed.set(name, `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; Secure; SameSite=${sameSite}`)
  return {
    names: () => [...cookies.keys()],
    get: (name) => cookies.get(name),
    set(name, value, maxAgeSeconds) {
      cookies.set(name, value)
      write(name, value, maxAgeSeconds)
    },
    delete(name) {
      cookies.delete(name)
      write(name, '', 0)
    },
    changes: () => [...changed.values()],
  }
}
