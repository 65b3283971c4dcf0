import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sendResponse, toRequest } from '../../src/server/edge/node-http.js'
import { listen } from './loopback.js'
import { startRedis } from './redis.js'
import { createServer, type Faults } from './server.js'
import { ORIGIN, openSessionProcess } from './session-process.js'
import { createVisitor } from './visitor.js'

/**
 * Signs people in, lets their access tokens expire, then asks for the token of every session in two operating system
 * processes at once. They share one Redis.
 */
export async function expireOnTwoProcesses(people: number) {
  const faults: Faults = { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } }
  let server: ReturnType<typeof createServer> | undefined
  const listening = await listen(async (incoming, outgoing) => {
    const { url, method, headers, body } = toRequest(incoming)
    const init = { method, headers, body: new URLSearchParams(body ? await new Response(body).text() : '') }
    await sendResponse(outgoing, await server!.fetch(url, method === 'POST' ? init : {}))
  })
  const redis = await startRedis()
  const children: ChildProcess[] = []
  const issuer = `http://127.0.0.1:${listening.port}`
  server = createServer(faults, issuer)
  const own = openSessionProcess(issuer, redis.port)
  try {
    // Expired at once.
    faults.token = { expires_in: 1 }
    const visitors = Array.from({ length: people }, () => createVisitor())
    for (const visitor of visitors) {
      const start = await own.auth.handle(visitor.request(`${ORIGIN}/auth/sign-in`))
      visitor.receive(start!.headers)
      const callback = server.authorize(start!.headers.get('location') ?? '')
      const back = await own.auth.handle(visitor.request(callback))
      visitor.receive(back!.headers)
    }
    const expiredAtMs = Date.now() + 1000
    delete faults.token
    const cookies = visitors.map((visitor) => visitor.request(ORIGIN).headers.get('cookie') ?? '')
    for (let count = 0; count < 2; count++) {
      const script = fileURLToPath(new URL('session-process.ts', import.meta.url))
      const child = fork(script, [issuer, `${redis.port}`], { execArgv: ['--import', 'tsx'] })
      children.push(child)
      await once(child, 'message')
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiredAtMs - Date.now())))
    const before = server.requests.length
    const startedAt = performance.now()
    const answers = children.map((child) => once(child, 'message'))
    for (const child of children) child.send(cookies)
    const tokens = (await Promise.all(answers)).map(([tokens]) => tokens as string[])
    const ms = performance.now() - startedAt
    const sent = server.requests.slice(before)
    return {
      ms,
      refreshes: sent.filter(({ body }) => body.get('grant_type') === 'refresh_token').length,
      /** By process, in the order of the sessions. */
      tokens,
      isGood: (token: string) => server?.isGood(token) ?? false,
    }
  } finally {
    for (const child of children) child.disconnect()
    own.close()
    await Promise.all([redis.stop(), listening.close()])
  }
}
