import { dirname } from 'node:path'

/** What is mutated, below `src/`, folders and files, and the tests that have to notice it. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  crypto: ['test/crypto/*.test.ts', 'test/vault/cookie.test.ts', 'test/vault/key-store.test.ts'],
  'errors.ts': ['test/{errors,server-text}.test.ts', 'test/protocol/token/{token-response,exchange-at}.test.ts'],
  'server/edge': [
    'test/server/edge/{cookies,session-cookie,start-guard,fetch-metadata,forwarded,node-http,node-streams}.test.ts',
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
    'test/protocol/**/*.test.ts',
    'test/protocol/sign-out/logout-token.test.ts',
    'test/messages.test.ts',
    'test/client/create-client.test.ts',
    'test/server/edge/{start-guard,node-http}.test.ts',
  ],
  session: ['test/session/*.test.ts', 'test/session/session-leaks.test.ts'],
  flow: ['test/flow/*.test.ts', 'test/client/*.test.ts'],
  vault: ['test/vault/*.test.ts', 'test/vault/redis.test.ts', 'test/vault/redis-clients.test.ts'],
}

/** Whether a file or folder is part of one of {@link FOLDERS}. */
export const isIn = (path: string, folder: string): boolean =>
  folder.endsWith('/*.ts')
    ? path.endsWith('.ts') && dirname(path) === dirname(folder)
    : `${path}/`.startsWith(`${folder}/`)

export function testsFor(path: string): readonly string[] {
  const tests = Object.entries(FOLDERS).find(([folder]) => isIn(path, folder))?.[1]
  if (!tests) throw new Error(`src/${path} is in no folder that is mutated: ${Object.keys(FOLDERS).join(', ')}.`)
  return tests
}
