/** Runs in workerd: the results are the response. */
import * as browser from 'proofkey'
import * as mcp from 'proofkey/mcp'
import * as native from 'proofkey/native'
import * as protocol from 'proofkey/protocol'
import * as providers from 'proofkey/providers'
import * as resourceServer from 'proofkey/resource-server'
import * as server from 'proofkey/server'
import { run, webChecks } from './web.mjs'

const entries = { browser, mcp, native, protocol, providers, resourceServer, server }
const loading = Object.entries(entries).map(([name, { ProofkeyError }]) => [
  'loads every entry, once',
  () => {
    if (ProofkeyError !== server.ProofkeyError) throw new Error(`${name}: another ProofkeyError`)
  },
])

export default {
  async fetch(_request, { SETUP }) {
    return Response.json(await run([...loading, ...webChecks(SETUP)]))
  },
}
