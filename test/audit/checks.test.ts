import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { type AuditCheck, audit, checks } from '../../src/audit.js'
import { type Defect, startAuditedServer, withoutDefect } from './audited-server.js'

const defectOf = async ({ id }: AuditCheck): Promise<Defect> => (await import(`./defects/${id}.ts`)).defect

let server: Awaited<ReturnType<typeof startAuditedServer>>
afterEach(() => server.close())

/** Runs one check; `cutFrom`: the number of the check's request from which on connections are cut. */
async function run({ id }: AuditCheck, cutFrom?: number) {
  let requests = 0
  const { results } = await audit({
    issuer: server.issuer,
    clients: server.clients,
    browser: server.browser(),
    fetch: server.fetch,
    only: [id],
    slow: true,
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
    expect({ result, observed }).toMatchObject({ result: expect.stringMatching(/^(fail|warning)$/) })
  })

  it('passes at a good server', async () => {
    server = await startAuditedServer(withoutDefect(await defectOf(check)))
    for (const { result, observed } of (await run(check)).results)
      expect({ result, observed }).toMatchObject({ result: 'pass' })
  })

  it('is inconclusive if the connection breaks in the middle', async () => {
    server = await startAuditedServer(withoutDefect(await defectOf(check)))
    const { requests } = await run(check)
    if (!requests) server.countFromHere(1)
    const { result, observed } = await run(check, Math.floor(requests / 2) + 1)
    expect({ result, observed }).toMatchObject({ result: 'inconclusive' })
  })
})
