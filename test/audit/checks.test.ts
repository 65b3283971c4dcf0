import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AuditCheck, audit, checks } from '../../src/audit.js'
import { type Defect, startAuditedServer, withoutDefect } from './audited-server.js'

/** The server without the defect. */
const good = async (check: AuditCheck) => startAuditedServer(withoutDefect(await defectOf(check)))

const defectOf = async ({ id }: AuditCheck): Promise<Defect> => (await import(`./defects/${id}.ts`)).defect

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

/** Runs one check; `cutFrom`: the number of the check's request from which on connections are cut. */
async function run({ id, needs }: AuditCheck, cutFrom?: number) {
  let requests = 0
  const { results } = await audit({
    issuer: server.issuer,
    // Slow checks run for all clients at once, which would mix the counts of their requests.
    clients: needs.slow && !needs.otherClient ? server.clients.slice(0, 1) : server.clients,
    browser: server.browser(),
    fetch: server.fetch,
    only: [id],
    slow: true,
    sleep: async (seconds) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 }),
    onStart: () => server.countFromHere(cutFrom),
    onResult: () => {
      requests = server.requests()
      server.countFromHere()
    },
  })
  return { ...results[0]!, results, requests }
}

describe.each(checks.map((check) => ({ id: check.id, check })))('$id', ({ check }) => {
  it('has both proofs', async () => {
    server = await startAuditedServer()
    expect(existsSync(new URL(`./defects/${check.id}.ts`, import.meta.url))).toBe(true)
  })

  it('fails at a server with the defect', async () => {
    server = await startAuditedServer(await defectOf(check))
    const { result, observed } = await run(check)
    expect(result, observed).toMatch(/^(fail|warning)$/)
  })

  it('passes at a good server', async () => {
    server = await good(check)
    for (const { result, observed } of (await run(check)).results) expect(result, observed).toBe('pass')
  })

  it('is inconclusive if the connection breaks in the middle', async () => {
    server = await good(check)
    const { requests } = await run(check)
    if (!requests) server.countFromHere(1)
    const { result, observed } = await run(check, Math.floor(requests / 2) + 1)
    expect(result, observed).toBe('inconclusive')
  })
})
