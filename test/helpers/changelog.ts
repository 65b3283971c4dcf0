const UNRELEASED = '[Unreleased]'
/** The groups of Keep a Changelog 1.1.0. */
const GROUPS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
const RELEASE = /^\[(?<version>\d+\.\d+\.\d+(?:-[\w.]+)?)\] - (?<date>\d{4}-\d\d-\d\d)$/

/** The sections of a changelog, the newest first. */
const sectionsOf = (changelog: string) =>
  changelog
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n')
      return { heading, lines: lines.filter(Boolean), ...RELEASE.exec(heading)?.groups }
    }) as { heading: string; lines: string[]; version?: string; date?: string }[]

/**
 * What is wrong with a changelog, as texts.
 * @param version that of `package.json`: the last release, or before the first one the version that it will have
 */
export function changelogProblems(changelog: string, version: string): string[] {
  const [first, ...releases] = sectionsOf(changelog)
  const [newest] = releases
  const groups = [...changelog.matchAll(/^### (.*)$/gm)].map(([, group]) => group!)
  const dates = releases.map(({ date = '' }) => date)
  return [
    first?.heading === UNRELEASED ? [] : `The first section has to be ${UNRELEASED}.`,
    releases
      .filter((section) => !section.version)
      .map(({ heading }) => `"${heading}" has to be "[1.2.3] - 2026-12-31".`),
    releases.filter(({ lines }) => !lines.length).map(({ heading }) => `"${heading}" is empty.`),
    groups
      .filter((group) => !GROUPS.includes(group))
      .map((group) => `"${group}" has to be one of ${GROUPS.join(', ')}.`),
    `${dates}` === `${dates.toSorted().reverse()}` ? [] : 'The newest release has to be the first.',
    newest && newest.version !== version
      ? `Version ${version} of package.json has no section, or is not the newest.`
      : [],
  ].flat()
}

/**
 * Makes the section of a release of what was not released, and an empty one for what comes next.
 * @param date `YYYY-MM-DD`
 * @throws if there is nothing to release
 */
export function releaseChangelog(changelog: string, version: string, date: string): string {
  if (!sectionsOf(changelog).find(({ heading }) => heading === UNRELEASED)?.lines.length)
    throw new Error(`Nothing stands under ${UNRELEASED} in CHANGELOG.md.`)
  return changelog.replace(`## ${UNRELEASED}\n`, (heading) => `${heading}\n## [${version}] - ${date}\n`)
}
