import { basename } from 'node:path'
import { BaseSequencer, type TestSequencer, type TestSpecification, type Vitest } from 'vitest/node'

/** The end-to-end files that take longest, in that order. */
export const LONG: readonly string[] = [
  'server-examples',
  'deep-link',
  'engines',
  'engines-travel',
  'popup',
  'framework-examples',
  'example-commands',
  'callback-page',
  'firefox',
  'session',
  'spa-exchange',
  'demo',
  'dpop',
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

function rank({ project, moduleId }: TestSpecification): number {
  if (project.name !== 'e2e') return LONG.length + 1
  const index = LONG.indexOf(basename(moduleId, '.test.ts'))
  return index < 0 ? LONG.length : index
}
