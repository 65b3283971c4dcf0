import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { SLOW } from '../helpers/longest-first.js'

/** What is mutated, below `src/`, folders and files, and the tests that have to notice it. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  crypto: ['test/crypto/*.test.ts', 'test/vault/cookie.test.ts', 'test/vault/key-store.test.ts'],
  errors: ['test/{errors,server-text}.test.ts', 'test/protocol/token/{token-response,exchange-at}.test.ts'],
  'limits.ts': ['test/limits.test.ts', 'test/vault/indexeddb-faults.test.ts'],
  'server/edge': [
    'test/server/edge/{cookies,session-cookie,start-guard,fetch-metadata,forwarded,node-http,node-streams,body,response-head}.test.ts',
  ],
  'protocol/jose': [
    'test/protocol/{jose,token,authorize,sign-out}/*.test.ts',
    'test/protocol/sign-out/logout-token.test.ts',
    'test/resource-server/{access-tokens,dpop}.test.ts',
  ],
  'protocol/token': [
    'test/protocol/{token,authorize,resource}/*.test.ts',
    'test/protocol/authorize/rich-authorization.test.ts',
    'test/providers/{tokens,client-auth}.test.ts',
  ],
  'protocol/authorize': [
    'test/protocol/{authorize,token}/*.test.ts',
    'test/protocol/authorize/pushed-request.test.ts',
    'test/protocol/authorize/rich-authorization.test.ts',
  ],
  'protocol/client-auth': [
    'test/protocol/{client-auth,token}/*.test.ts',
    'test/protocol/client-auth/identify-client.test.ts',
  ],
  'protocol/discovery': [
    'test/protocol/{discovery,resource}/*.test.ts',
    'test/protocol/{hints,authorize/begin,sign-out/end-session}.test.ts',
    'test/providers/metadata.test.ts',
    'test/server/fapi2/requirements.test.ts',
  ],
  'protocol/resource': ['test/protocol/{resource,discovery}/*.test.ts', 'test/resource-server/*.test.ts'],
  'protocol/sign-out': [
    'test/protocol/sign-out/*.test.ts',
    'test/protocol/sign-out/logout-token.test.ts',
    'test/session/session-sign-out.test.ts',
  ],
  'protocol/*.ts': [
    'test/protocol/{,*/}*.test.ts',
    'test/protocol/sign-out/logout-token.test.ts',
    'test/messages.test.ts',
    'test/client/create-client.test.ts',
    'test/server/edge/{start-guard,node-http}.test.ts',
  ],
  session: ['test/session/*.test.ts'],
  'flow/fapi2.ts': ['test/server/fapi2/requirements.test.ts', 'test/server/service/profile.test.ts'],
  flow: ['test/flow/*.test.ts', 'test/client/*.test.ts'],
  'vault/redis-client.ts': ['test/vault/redis.test.ts', 'test/vault/redis-clients.test.ts'],
  vault: ['test/vault/*.test.ts', 'test/vault/redis.test.ts'],
}

/** Whether a file or folder is part of one of {@link FOLDERS}. */
export const isIn = (path: string, folder: string): boolean =>
  folder.endsWith('/*.ts')
    ? path.endsWith('.ts') && dirname(path) === dirname(folder)
    : `${path}/`.startsWith(`${folder}/`)

/** The files of tests that have to notice it: slow ones only where they are named, not by `*`. */
export function testsFor(path: string): readonly string[] {
  const patterns = Object.entries(FOLDERS).find(([folder]) => isIn(path, folder))?.[1]
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
