/** Run by `npm version`, between the new version and its commit: the changelog gets the section of the release. */
import { readFileSync, writeFileSync } from 'node:fs'
import { changelogProblems, releaseChangelog } from './changelog.js'

const version = process.env['npm_package_version'] ?? ''
const file = new URL('../../CHANGELOG.md', import.meta.url)
const released = releaseChangelog(readFileSync(file, 'utf8'), version, new Date().toISOString().slice(0, 10))
const problems = changelogProblems(released, version)
if (problems.length) throw new Error(problems.join('\n'))
writeFileSync(file, released)
