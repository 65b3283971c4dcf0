import { readdirSync } from 'node:fs'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const SRC = new URL('../../src/', import.meta.url).pathname
const entries = readdirSync(SRC).filter((name) => name.endsWith('.ts'))
const production = entries.filter((name) => !/^testing(-node)?\.ts$/.test(name))

/** The modules of src/testing/ that a bundle of this entry reads, before anything is shaken off. */
async function testingModulesIn(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [`${SRC}${entry}`],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    treeShaking: false,
    logLevel: 'silent',
  })
  return Object.keys(metafile.inputs).filter((input) => /src\/testing\b/.test(input))
}

describe('nothing for tests', () => {
  it('is missed by this check', async () => {
    expect((await testingModulesIn('testing.ts')).length).toBeGreaterThan(10)
    expect(production).toEqual(expect.arrayContaining(['index.ts', 'server.ts', 'node.ts', 'cli.ts']))
  })

  it.each(production)('is reachable from %s', async (entry) => {
    expect(await testingModulesIn(entry)).toEqual([])
  })

  it('of Node is reachable from proofkey/testing, which browsers load', async () => {
    expect(await testingModulesIn('testing.ts')).not.toContain('src/testing/listen.ts')
  })
})
