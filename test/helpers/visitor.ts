/** A browser, as far as a server can tell: it keeps cookies by their rules and sends them back. */
export function createVisitor() {
  const cookies = new Map<string, string>()
  return {
    cookies,
    /** A request as this browser sends it. */
    request(url: string | URL, init: RequestInit = {}): Request {
      const headers = new Headers(init.headers)
      if (cookies.size) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
      return new Request(url, { ...init, headers })
    },
    /** Keeps what a response sets, and refuses what its name promises and its attributes do not hold. */
    receive(headers: Headers): void {
      for (const line of headers.getSetCookie()) {
        const [pair = '', ...attributes] = line.split('; ')
        const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
        const holds = ['Secure', 'HttpOnly', 'Path=/'].every((attribute) => attributes.includes(attribute))
        if (line.length > 4096 || !holds || line.includes('Domain=')) throw new Error(`No browser keeps ${name}`)
        if (attributes.includes('Max-Age=0')) cookies.delete(name)
        else cookies.set(name, value)
      }
    },
  }
}
