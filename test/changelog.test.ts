import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changelogProblems, releaseChangelog } from './helpers/changelog.js'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

it('the changelog has a section for the version of package.json, if any was released', () => {
  expect(changelogProblems(read('CHANGELOG.md'), JSON.parse(read('package.json')).version)).toEqual([])
})

const BEFORE = '# Changelog\n\nIntroduction.\n\n## [Unreleased]\n\n### Added\n\n- Tea.\n'
const FIRST = releaseChangelog(BEFORE, '0.1.0', '2026-11-28')

describe('the section of a release', () => {
  it('is what was not released', () => {
    const sections = '## [Unreleased]\n\n## [0.1.0] - 2026-11-28\n\n### Added\n\n- Tea.\n'
    expect(FIRST).toBe(`# Changelog\n\nIntroduction.\n\n${sections}`)
    expect(changelogProblems(FIRST, '0.1.0')).toEqual([])
  })

  it('is not made of nothing', () => {
    expect(() => releaseChangelog(FIRST, '0.2.0', '2026-11-29')).toThrow('Nothing stands under [Unreleased]')
    expect(() => releaseChangelog('# Changelog\n', '0.2.0', '2026-11-29')).toThrow('Nothing stands under [Unreleased]')
  })
})

describe('the check of the changelog', () => {
  const next = FIRST.replace('## [Unreleased]\n', '## [Unreleased]\n\n### Fixed\n\n- Cups.\n')
  const second = releaseChangelog(next, '0.2.0', '2026-11-29')

  it.each([
    ['nothing was released yet', BEFORE, '0.1.0'],
    ['something is not released yet', next, '0.1.0'],
    ['two were released', second, '0.2.0'],
  ])('finds nothing where %s', (_, changelog, version) => {
    expect(changelogProblems(changelog, version)).toEqual([])
  })

  it.each([
    ['a version without a section', FIRST, '0.2.0', 'Version 0.2.0'],
    ['a version whose section is not the newest', second, '0.1.0', 'Version 0.1.0'],
    ['no place for what comes next', FIRST.replace('## [Unreleased]\n', ''), '0.1.0', 'The first section'],
    ['a release without a date', FIRST.replace(' - 2026-11-28', ''), '0.1.0', '"[0.1.0]" has to be'],
    ['a release without a line', FIRST.replace('### Added\n\n- Tea.\n', ''), '0.1.0', 'is empty'],
    ['a group of another name', FIRST.replace('Added', 'Minor Changes'), '0.1.0', '"Minor Changes"'],
    ['an older release above', second.replace('2026-11-29', '2026-11-27'), '0.2.0', 'The newest release'],
  ])('finds %s', (_, changelog, version, problem) => {
    expect(changelogProblems(changelog, version).join()).toContain(problem)
  })
})
