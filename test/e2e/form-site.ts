import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import '../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import { isProofkeyError } from '../../src/errors.js'
import { sendResponse, toRequest } from '../../src/node.js'
import { allowInsecureLoopback, clientSecretBasic, createServerClient, memoryVault } from '../../src/server.js'
import { createLogoutServer } from '../helpers/logout-server.js'
import type { Site } from './browser.js'

/** What came with a form. */
export interface Posted {
  readonly origin: string | null
  readonly site: string | null
  readonly status: number
}

export interface FormSite extends Site {
  /** The same page on another site. */
  readonly foreign: string
  readonly posted: Posted[]
}

/**
 * An app whose pages post a form to its `/login` and one to its `/logout`: `/plain`, and `/strict`, which has
 * `Referrer-Policy: no-referrer`. The person goes no further than the redirect, which is shown and not followed.
 */
export async function formSite(): Promise<FormSite> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const as = createLogoutServer()
  const client = createServerClient({
    issuer: as.issuer,
    clientId: 'web',
    redirectUri: `${url}/callback`,
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 100 }),
    metadata: as.metadata,
    fetch: as.fetch as typeof fetch,
    insecure: allowInsecureLoopback,
  })
  const posted: Posted[] = []
  const buttons = ['login', 'logout'].map(
    (path) => `<form method="post" action="${url}/${path}"><button id="${path}">${path}</button></form>`,
  )

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/login' || pathname === '/logout') {
      const { status } = await (pathname === '/login' ? client.signIn(request) : client.signOut(request))
      const sent = (name: string) => request.headers.get(name)
      posted.push({ origin: sent('origin'), site: sent('sec-fetch-site'), status })
      return new Response(`${status}`)
    }
    const headers = {
      'content-type': 'text/html',
      'referrer-policy': pathname === '/strict' ? 'no-referrer' : 'origin',
    }
    return new Response(`<!doctype html><title>app</title>${buttons.join('')}`, { headers })
  }
  server.on('request', async (incoming, outgoing) => {
    const failed = (error: unknown) => new Response(String(error), { status: 500 })
    await sendResponse(outgoing, await answer(toRequest(incoming)).catch(failed))
  })
  return {
    url,
    foreign: `http://127.0.0.1:${port}`,
    issuer: as.issuer,
    posted,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What came to the callback. */
export interface CameBack {
  readonly origin: string | null
  readonly referer: string | null
  readonly site: string | null
  /** Who has signed in, or the code of the error. */
  readonly outcome: string
}

export interface FormPostSite extends Site {
  readonly callback: string
  /** A page of another site that posts what its query contains to the callback. */
  readonly foreign: string
  readonly cameBack: CameBack[]
}

/**
 * A server-side app with `responseMode: 'form_post'`, and its provider on another site, whose pages have
 * `Referrer-Policy: no-referrer`. `/login` starts a sign-in; the callback shows who has signed in.
 */
export async function formPostSite(): Promise<FormPostSite> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const foreign = `http://127.0.0.1:${port}`
  const callback = `${url}/callback`
  const configuration = browserClient('web', [callback])
  const provider = await startProvider({
    ...configuration,
    clients: [{ client_id: 'web', client_secret: 's3cret', redirect_uris: [callback] }],
  })
  provider.provider.use(async (ctx, next) => {
    await next()
    ctx.set('referrer-policy', 'no-referrer')
  })
  const client = createServerClient({
    issuer: provider.issuer,
    clientId: 'web',
    redirectUri: callback,
    scope: 'openid',
    responseMode: 'form_post',
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 100 }),
    insecure: allowInsecureLoopback,
  })
  const cameBack: CameBack[] = []
  const page = (body: string) =>
    new Response(`<!doctype html><title>app</title>${body}`, {
      headers: { 'content-type': 'text/html', 'referrer-policy': 'no-referrer' },
    })

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/login') return client.signIn(request)
    if (pathname === '/attack') {
      const fields = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
      return page(`<form method="post" action="${callback}">${fields.join('')}<button id="send">send</button></form>`)
    }
    if (pathname !== '/callback') return page('')
    const sent = (name: string) => request.headers.get(name)
    const seen = { origin: sent('origin'), referer: sent('referer'), site: sent('sec-fetch-site') }
    const outcome = await client.handleCallback(request).then(
      ({ claims }) => `signed in: ${claims?.sub}`,
      (error) => (isProofkeyError(error) ? error.code : String(error)),
    )
    cameBack.push({ ...seen, outcome })
    return page(`<p>${outcome}</p>`)
  }
  server.on('request', async (incoming, outgoing) => {
    const failed = (error: unknown) => new Response(String(error), { status: 500 })
    await sendResponse(outgoing, await answer(toRequest(incoming)).catch(failed))
  })
  return {
    url,
    callback,
    foreign,
    issuer: provider.issuer,
    cameBack,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await provider.close()
    },
  }
}
