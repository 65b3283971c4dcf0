import { describe, expect, it } from 'vitest'
import { deliver } from '../../../src/audit/cli/deliver.js'
import type { Io } from '../../../src/audit/cli/io.js'
import type { AuditResult } from '../../../src/audit.js'
import { reportWith, resultWith } from '../report/report-for-tests.js'

async function exitCode(...results: AuditResult[]) {
  let said = ''
  const write = (text: string) => {
    said += text
    return true
  }
  const io = { stdout: { write: () => true }, stderr: { write }, env: {} } as unknown as Io
  const code = await deliver(reportWith(results), { formats: ['json'] } as never, io, true)
  return { code, said }
}

const passed = resultWith({ id: 'iss', result: 'pass' })
const unclear = resultWith({ result: 'inconclusive' })

describe('the exit code, where nothing failed', () => {
  it('is that of a good server only if something could be told', async () => {
    expect(await exitCode(passed, unclear)).toEqual({ code: 0, said: '' })
    expect(await exitCode(unclear)).toEqual({
      code: 2,
      said: expect.stringContaining('about https://login.example.com'),
    })
  })

  it('is not that of a good server if a client could not sign in', async () => {
    const own = { ...unclear, clientId: 'my-spa' }
    expect(await exitCode(passed, own)).toEqual({ code: 2, said: expect.stringContaining('about the client my-spa.') })
    expect(await exitCode(passed, own, { ...passed, clientId: 'my-spa' })).toMatchObject({ code: 0 })
  })

  it('is that of a failure if there is one', async () => {
    expect(await exitCode(resultWith({}), { ...unclear, clientId: 'my-spa' })).toMatchObject({ code: 1 })
  })
})
