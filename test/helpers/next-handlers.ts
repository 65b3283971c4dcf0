import { listener } from '../../examples/lib/listener.js'
import { homePage } from '../../examples/lib/page.js'
import { startServerExample } from '../../examples/lib/server-example.js'
import * as authRoute from '../../examples/next/app/auth/[...all]/route.js'
import * as visits from '../../examples/next/app/visits/route.js'
import { auth } from '../../examples/next/lib/auth.js'

/** The route handlers of the example next as functions, without Next.js; a page in place of its page. */
export function startNextHandlers() {
  return startServerExample({ client_id: 'next-app' }, ({ issuer, url, api, clientSecret, sealingSecret }) => {
    Object.assign(process.env, {
      ...{ APP_URL: url, ISSUER: issuer, API: api, CLIENT_ID: 'next-app', CLIENT_SECRET: clientSecret },
      SEALING_KEY: sealingSecret,
    })
    return listener(
      {
        'GET /': async (request) => homePage(issuer, await auth().session(asNextGives(request))),
        'POST /visits': (request) => visits.POST(asNextGives(request)),
      },
      {
        async handle(request) {
          const { pathname } = new URL(request.url)
          if (!pathname.startsWith('/auth/')) return undefined
          return request.method === 'POST' ? authRoute.POST(asNextGives(request)) : authRoute.GET(asNextGives(request))
        },
      },
    )
  })
}

/** `next start` names the place it listens at in the URL, whatever was asked for; that is in the headers. */
function asNextGives({ url, method, headers, body }: Request): Request {
  const { host, pathname, search } = new URL(url)
  const forwarded = new Headers(headers)
  forwarded.set('x-forwarded-host', host)
  forwarded.set('x-forwarded-proto', 'http')
  const init = { method, headers: forwarded, body, duplex: 'half' }
  return new Request(`http://0.0.0.0:3000${pathname}${search}`, init)
}
