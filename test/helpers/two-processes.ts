import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { listenTestServer } from '../../src/testing-node.js'
import { startRedis } from './redis.js'
import { ORIGIN, openSessionProcess } from './session-process.js'
import { createVisitor } from './visitor.js'

/**
 * Signs people in, lets their access tokens expire, then asks for the token of every session in two operating system
 * processes at once. They share one Redis.
 */
export async function expireOnTwoProcesses(people: number) {
  const server = await listenTestServer({ clients: { web: { secret: 's3cret' } } })
  const redis = await startRedis()
  const children: ChildProcess[] = []
  const { issuer } = server
  const own = openSessionProcess(issuer, redis.port)
  try {
    // Expired at once.
    server.always('token', { members: { expires_in: 1 } })
    const visitors = Array.from({ length: people }, () => createVisitor())
    for (const visitor of visitors) {
      const start = await own.auth.handle(visitor.request(`${ORIGIN}/auth/sign-in`))
      visitor.receive(start!.headers)
      const callback = await server.visit(start!.headers.get('location') ?? '')
      const back = await own.auth.handle(visitor.request(callback))
      visitor.receive(back!.headers)
    }
    const expiredAtMs = Date.now() + 1000
    server.always('token')
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
      refreshes: sent.filter(({ parameters }) => parameters.get('grant_type') === 'refresh_token').length,
      /** By process, in the order of the sessions. */
      tokens,
      isGood: server.isActive,
    }
  } finally {
    for (const child of children) child.disconnect()
    own.close()
    await Promise.all([redis.stop(), server.close()])
  }
}
