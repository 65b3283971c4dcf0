import { readdirSync } from 'node:fs'
import { SLOW } from '../helpers/longest-first.js'

/** What is mutated, below `src/`, folders and files, and the tests that have to notice it. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  crypto: ['test/crypto/*.test.ts', 'test/vault/cookie.test.ts', 'test/vault/key-store.test.ts'],
  'errors.ts': ['test/{errors,server-text}.test.ts', 'test/protocol/token/{token-response,exchange-at}.test.ts'],
  'limits.ts': ['test/limits.test.ts', 'test/vault/indexeddb-faults.test.ts'],
  'server/edge': [
    'test/server/edge/{cookies,session-cookie,start-guard,fetch-metadata,forwarded,node-http,node-streams,body,response-head}.test.ts',
  ],
  'protocol/jose': ['test/protocol/{jose,token,authorize,sign-out}/*.test.ts', 'test/resource-server/dpop.test.ts'],
  'protocol/token': ['test/protocol/{token,authorize,resource}/*.test.ts'],
  'protocol/authorize': ['test/protocol/{authorize,token}/*.test.ts'],
  'protocol/client-auth': ['test/protocol/{client-auth,token}/*.test.ts'],
  'protocol/discovery': ['test/protocol/{discovery,resource}/*.test.ts'],
  'protocol/resource': ['test/protocol/{resource,discovery}/*.test.ts'],
  'protocol/sign-out': ['test/protocol/sign-out/*.test.ts'],
  session: ['test/session/*.test.ts'],
  'flow/fapi2.ts': ['test/server/fapi2/requirements.test.ts', 'test/server/service/profile.test.ts'],
  flow: ['test/flow/*.test.ts', 'test/client/*.test.ts'],
  'vault/redis-client.ts': ['test/vault/redis.test.ts', 'test/vault/redis-clients.test.ts'],
  vault: ['test/vault/*.test.ts', 'test/vault/redis.test.ts'],
}

/** The files of tests that have to notice it: slow ones only where they are named, not by `*`. */
export function testsFor(path: string): readonly string[] {
  const patterns = Object.entries(FOLDERS).find(([folder]) => `${path}/`.startsWith(`${folder}/`))?.[1]
  if (!patterns) throw new Error(`src/${path} is in no folder that is mutated: ${Object.keys(FOLDERS).join(', ')}.`)
  const files = readdirSync(new URL('../../test', import.meta.url), { recursive: true }).map((file) => `test/${file}`)
  const found = patterns.flatMap((pattern) => {
    const matching = files.filter((file) => expressionOf(pattern).test(file))
    if (!matching[0]) throw new Error(`No test is ${pattern}.`)
    return matching.filter((file) => file === pattern || !SLOW.includes(file))
  })
  return [...new Set(found)]
}

/** `*` is any name, `{a,b}` is one of these. */
function expressionOf(pattern: string): RegExp {
  const expression = pattern
    .replaceAll('.', '\\.')
    .replaceAll('*', '[^/]*')
    .replace(/\{(.*?)\}/g, (_, names: string) => `(${names.replaceAll(',', '|')})`)
  return new RegExp(`^${expression}$`)
}
