import type Provider from 'oidc-provider'
import { afterEach, describe, expect, it } from 'vitest'
import { audit, checks } from '../../src/audit.js'
import { type Defect, startAuditedServer } from './audited-server.js'
import { withRedirectUris } from './bend-answers.js'

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(() => server.close())

async function resultsAt(defect: Defect, only?: readonly string[], scope?: string) {
  server = await startAuditedServer(defect)
  const [client] = server.clients
  const { results } = await audit({
    issuer: server.issuer,
    clients: [{ ...client!, scope }],
    browser: server.browser(),
    only,
  })
  return results
}

/** Asks for the password before it looks at the request. */
function signsInFirst(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (ctx.path === '/sign-in') {
      ctx.set('x-frame-options', 'DENY')
      ctx.set('referrer-policy', 'no-referrer')
      ctx.type = 'html'
      ctx.body = '<form method="post"><input type="password"></form>'
      return
    }
    if (ctx.path !== '/auth' || ctx.cookies.get('person')) return next()
    ctx.redirect(`/sign-in?${ctx.querystring}`)
  })
}

/** Shows error pages with status 200. */
function withPleasantErrors(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path === '/auth' && ctx.status === 400) ctx.status = 200
  })
}

describe('a good server of another kind has no defect', () => {
  const failed = (results: Awaited<ReturnType<typeof resultsAt>>) =>
    results.filter(({ result }) => result === 'fail').map(({ id, observed }) => ({ id, observed }))

  it('its error pages have status 200', async () => {
    const results = await resultsAt({ bend: withPleasantErrors })
    expect(failed(results)).toEqual([])
    expect(results.find(({ id }) => id === 'redirect-uri-path')?.result).toBe('pass')
  })

  it('it asks for the password before it looks at the request', async () => {
    const results = await resultsAt({ bend: signsInFirst })
    // That page is a defect: prompt=none wants none.
    expect(failed(results).map(({ id }) => id)).toEqual(['prompt-none-without-session'])
    expect(results.find(({ id }) => id === 'redirect-uri-path')?.result).toBe('pass')
  })

  it('it is no OpenID provider', async () => {
    expect(failed(await resultsAt({}, undefined, 'profile'))).toEqual([])
  })
})

describe('redirect URIs', () => {
  const ids = checks.map(({ id }) => id).filter((id) => id.startsWith('redirect-uri-'))

  it('each variant is found at a server that takes all', async () => {
    const results = await resultsAt(
      { redirectUri: 'https://app.example/callback', bend: withRedirectUris(() => true) },
      ids.filter((id) => id !== 'redirect-uri-twice'),
    )
    for (const { id, result, observed } of results) {
      expect({ id, result }).toEqual({ id, result: 'fail' })
      expect(observed, id).not.toMatch(/refused|registered URI instead|Could not be told/)
    }
  })

  it('so it is for the scheme of an app', async () => {
    const native: Defect = {
      redirectUri: 'com.example.app:/callback',
      configure: (configuration) => {
        for (const client of configuration.clients!) client.application_type = 'native'
      },
    }
    const tried = ['redirect-uri-other-host', 'redirect-uri-path', 'redirect-uri-scheme', 'redirect-uri-twice']
    for (const { id, result } of await resultsAt(native, tried)) expect({ id, result }).toEqual({ id, result: 'pass' })
    await server.close()
    for (const { id, result } of await resultsAt({ ...native, bend: withRedirectUris(() => true) }, tried.slice(0, 3)))
      expect({ id, result }).toEqual({ id, result: 'fail' })
  })

  it('what only a signed-in person sees is found in the browser', async () => {
    const bend = (provider: Provider) => {
      signsInFirst(provider)
      withRedirectUris((uri, registered) => uri.startsWith(registered))(provider)
    }
    const [result] = await resultsAt({ bend }, ['redirect-uri-path'])
    expect(result).toMatchObject({ result: 'fail', observed: expect.stringContaining('it sent a code to') })
  })

  async function withoutBrowser(bend: (provider: Provider) => void) {
    const redirectUri = 'https://app.example/callback'
    server = await startAuditedServer({ bend, redirectUri })
    return audit({ issuer: server.issuer, clients: [{ clientId: 'public', redirectUri }], only: ids })
  }

  it('without a browser, a page refuses where the registered URI gets an answer', async () => {
    const { results } = await withoutBrowser(withPleasantErrors)
    for (const { id, result } of results) expect({ id, result }).toEqual({ id, result: 'pass' })
  })

  it('without a browser, a page that the registered URI gets too tells nothing', async () => {
    const { results } = await withoutBrowser(signsInFirst)
    for (const { id, result } of results) expect({ id, result }).toEqual({ id, result: 'inconclusive' })
  })
})
