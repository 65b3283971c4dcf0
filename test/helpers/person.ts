/** A person with a cookie jar who follows links and fills in the forms of oidc-provider's own login and consent pages. */
export function createPerson(name = 'ada', fetch: typeof globalThis.fetch = globalThis.fetch) {
  const cookies = new Map<string, string>()

  async function visit(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map(([key, value]) => `${key}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const [key = '', value = ''] = pair.split('=')
      if (value) cookies.set(key, value)
      else cookies.delete(key)
    }
    return response
  }

  return {
    /** Signs in and consents, or out. @returns the URL of the app's that the server sends the browser to */
    async travel(authorizationUrl: URL | string, redirectUri: string): Promise<string> {
      let url = String(authorizationUrl)
      let init: RequestInit = {}
      for (let step = 0; step < 20; step++) {
        const response = await visit(url, init)
        init = {}
        const location = response.headers.get('location')
        if (location) {
          url = new URL(location, url).href
          if (url.startsWith(redirectUri)) return url
          continue
        }
        const html = await response.text()
        const action = /<form[^>]+action="([^"]+)"/.exec(html)?.[1]
        if (!action) throw new Error(`No form on ${url} (status ${response.status}): ${html.slice(0, 500)}`)
        const fields = [...html.matchAll(/<input[^>]+name="([^"]+)"(?:[^>]*value="([^"]*)")?/g)]
        const body = new URLSearchParams(fields.map(([, field = '', value = '']) => [field, value]))
        if (body.has('login')) body.set('login', name)
        if (body.has('password')) body.set('password', 'secret')
        // The page that asks whether to sign out.
        if (body.has('xsrf')) body.set('logout', 'yes')
        url = new URL(action, url).href
        init = { method: 'POST', body }
      }
      throw new Error('The server never sent the person back')
    },
  }
}
