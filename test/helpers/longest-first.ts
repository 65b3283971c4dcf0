import { basename } from 'node:path'
import { BaseSequencer, type TestSequencer, type TestSpecification, type Vitest } from 'vitest/node'

/** The end-to-end files that take longest, in that order. */
export const LONG: readonly string[] = [
  'example-commands',
  'server-examples',
  'audit',
  'engines',
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
 * Files that `npm run test:unit` leaves out: they start programs, audit whole servers, need the built package, or try
 * thousands of inputs.
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
  'test/closing-line.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/imports.test.ts',
  'test/mcp/agent.test.ts',
  'test/mcp/conformance.test.ts',
  'test/package.test.ts',
  'test/readme.test.ts',
  'test/readme-session.test.ts',
  'test/redaction.test.ts',
  'test/redaction.property.test.ts',
  'test/server/fapi2/requirements.test.ts',
  'test/server/session/forward-streams.test.ts',
  'test/server/session/forward-undici.test.ts',
  'test/server/session/redis-sessions.test.ts',
  'test/server/session/sign-out-races.test.ts',
  'test/server/session/two-processes.test.ts',
  'test/server/session/workerd.test.ts',
  'test/session/refresh.property.test.ts',
  'test/session/session-leaks.test.ts',
  'test/session/session-model.property.test.ts',
  'test/vault/redis.test.ts',
  'test/vault/redis-clients.test.ts',
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
const PROJECTS = ['e2e', 'servers', 'slow', 'unit']

function rank({ project, moduleId }: TestSpecification): number {
  const index = project.name === 'e2e' ? LONG.indexOf(basename(moduleId, '.test.ts')) : -1
  return PROJECTS.indexOf(project.name) * (LONG.length + 1) + (index < 0 ? LONG.length : index)
}
