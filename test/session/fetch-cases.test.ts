import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { echo } from '../helpers/echo.js'
import { differences, runFetchCases } from '../helpers/fetch-cases.js'

const server = createServer(echo())
afterAll(() => server.close().closeAllConnections())

// In Chromium and Firefox: test/e2e/fetch.test.ts.
it('what arrives with a token is what plain fetch sends, also where it is sent twice', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const outcomes = await runFetchCases(`http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`)
  expect(differences(outcomes)).toEqual({
    spreading: ['a string and a Request', 'a Request and a Request'],
    // Sent once: the 401 comes back.
    'bearer, with a 401 first': ['a stream'],
    dpop: ['a stream'],
  })
})
