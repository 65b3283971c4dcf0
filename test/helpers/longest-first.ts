import { basename } from 'node:path'
import { BaseSequencer, type TestSequencer, type TestSpecification, type Vitest } from 'vitest/node'

/** The end-to-end files that take longest, in that order. */
export const LONG: readonly string[] = [
  'example-commands',
  'server-examples',
  'audit',
  'engines',
  'engines-travel',
  'migrate',
  'deep-link',
  'framework-examples',
  'popup',
  'firefox',
  'callback-page',
  'audit-second-window',
  'session',
  'outcomes',
  'har-audit',
  'form-post',
  'demo',
  'cli',
  'frame',
  'spa-exchange',
  'dpop',
]

/**
 * Files that `npm run test:unit` leaves out: they sign in at a real server or start programs, audit whole servers, need the
 * built package, or try thousands of inputs.
 */
export const SLOW: readonly string[] = [
  'test/audit/checks.test.ts',
  'test/audit/cli/command.test.ts',
  'test/audit/cli/config.test.ts',
  'test/audit/cli/whole-audit.test.ts',
  'test/audit/har/hostile-recordings.test.ts',
  'test/audit/other-servers.test.ts',
  'test/audit/variants.test.ts',
  'test/audit/verdicts.test.ts',
  'test/audit/zoo/zoo.test.ts',
  'test/client/backend/backend-bundle.test.ts',
  'test/client/kept-metadata.test.ts',
  'test/client/register-instance.test.ts',
  'test/closing-line.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/imports.test.ts',
  'test/mcp/agent.test.ts',
  'test/mcp/conformance.test.ts',
  'test/mcp/server-agent.test.ts',
  'test/package.test.ts',
  'test/protocol/authorize/pushed-request.test.ts',
  'test/protocol/authorize/rich-authorization.test.ts',
  'test/protocol/client-auth/better-auth.test.ts',
  'test/protocol/client-auth/identify-client.test.ts',
  'test/protocol/client-auth/matrix.test.ts',
  'test/protocol/resource/resource-parameter.test.ts',
  'test/protocol/sign-in.test.ts',
  'test/protocol/sign-out/logout-token.test.ts',
  'test/protocol/token/dpop-provider.test.ts',
  'test/readme-session.test.ts',
  'test/readme.test.ts',
  'test/redaction.property.test.ts',
  'test/redaction.test.ts',
  'test/resource-server/mutual-tls.test.ts',
  'test/resource-server/provider.test.ts',
  'test/server/edge/budget.test.ts',
  'test/server/edge/proxy.test.ts',
  'test/server/fapi2/requirements.test.ts',
  'test/server/fapi2/sign-in.test.ts',
  'test/server/logout-provider.test.ts',
  'test/server/service/service-provider.test.ts',
  'test/server/session/as-in-browser.test.ts',
  'test/server/session/express-mount.test.ts',
  'test/server/session/forward-streams.test.ts',
  'test/server/session/forward-undici.test.ts',
  'test/server/session/provider-step-up.test.ts',
  'test/server/session/provider.test.ts',
  'test/server/session/redis-sessions.test.ts',
  'test/server/session/sign-out-races.test.ts',
  'test/server/session/two-processes.test.ts',
  'test/server/session/workerd.test.ts',
  'test/session/fetch-cases.test.ts',
  'test/session/refresh.property.test.ts',
  'test/session/resources.test.ts',
  'test/session/session-kept-refresh-token.test.ts',
  'test/session/session-leaks.test.ts',
  'test/session/session-model.property.test.ts',
  'test/vault/redis-clients.test.ts',
  'test/vault/redis.test.ts',
]

/** The end-to-end files first, the longest of them before all, so that no worker is left alone with one at the end. */
export class LongestFirst implements TestSequencer {
  private readonly bySize: TestSequencer

  constructor(context: Vitest) {
    this.bySize = new BaseSequencer(context)
  }

  shard(files: TestSpecification[]) {
    return this.bySize.shard(files)
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await this.bySize.sort(files)
    return sorted.sort((a, b) => group(a) - group(b) || rank(a) - rank(b))
  }
}

const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
/** Whole projects after each other: the files of one share workers. */
const PROJECTS = ['e2e', 'servers', 'alone', 'slow', 'unit']

function rank({ project, moduleId }: TestSpecification): number {
  const index = project.name === 'e2e' ? LONG.indexOf(basename(moduleId, '.test.ts')) : -1
  return PROJECTS.indexOf(project.name) * (LONG.length + 1) + (index < 0 ? LONG.length : index)
}

/** For many runs that end at the first failure: the quick files first, so that it is often found before a server has started. */
export class ShortestFirst extends LongestFirst {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.some((path) => moduleId.endsWith(`/${path}`))
    const sorted = (await super.sort(files)).reverse()
    return sorted.sort((a, b) => Number(isSlow(a)) - Number(isSlow(b)))
  }
}
