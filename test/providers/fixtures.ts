import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createClient, memoryVault } from '../../src/index.js'
import type { ServerMetadata } from '../../src/protocol.js'
import { createServer, type Faults } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const here = new URL('.', import.meta.url)

export const documentAt = (path: string): ServerMetadata => JSON.parse(readFileSync(new URL(path, here), 'utf8'))
export const jsonAt = (path: string): Record<string, unknown> => JSON.parse(textAt(path))
export const textAt = (path: string): string => readFileSync(new URL(path, here), 'utf8')

/** The files of the providers whose name matches, as `provider/name`. */
export const files = (name: RegExp): string[] =>
  readdirSync(here, { recursive: true })
    .map(String)
    .filter((path) => name.test(path))
    .sort()

interface Deviation {
  readonly provider: string
  readonly where: string
  readonly deviation: string
  readonly client_must: string
}

/** A test, or the sentence why there is none. */
export type Row = readonly [provider: string, deviation: string, shown: string | (() => Promise<unknown> | unknown)]

/** One test for each row of these kinds; fails where a row is missing in the table, or the table has one too many. */
export function testDeviations(where: readonly string[], table: readonly Row[]): void {
  const rows: Deviation[] = JSON.parse(textAt('deviations.json'))
  const matching = (row: Deviation) =>
    table.filter(([provider, start]) => row.provider.startsWith(provider) && row.deviation.startsWith(start))
  const kinds = rows.filter((row) => where.includes(row.where))

  it('every row is in the table, once', () => {
    expect(kinds.filter((row) => matching(row).length !== 1)).toEqual([])
    expect(table).toHaveLength(kinds.length)
  })
  for (const row of kinds) {
    const shown = matching(row)[0]?.[2]
    const title = `${row.provider}: ${row.deviation} → ${row.client_must}`
    if (typeof shown === 'function') it(title, async () => void (await shown()))
    else it.skip(`${title} (${shown})`)
  }
}

/** A client in a page that stays; `travel` changes the callback of the person who signs in. */
export function createApp(faults: Faults = {}, config: object = {}, travel: (callback: URL) => void = () => {}) {
  const server = createServer(faults)
  const { issuer, fetch } = server
  let sent: URL | undefined
  const userAgent = travelBy(async (url) => {
    sent = url
    const callback = await server.visit(url)
    travel(callback)
    return callback
  })
  const vault = memoryVault()
  const client = createClient({
    issuer,
    clientId: 'app',
    redirectUri: 'https://app.example/callback',
    scope: 'openid',
    fetch,
    vault,
    userAgent,
    ...config,
  })
  const tokenRequests = () => server.requests.filter(({ url }) => url === server.metadata.token_endpoint)
  return { server, client, tokenRequests, sent: () => new URL(sent ?? 'about:blank') }
}
