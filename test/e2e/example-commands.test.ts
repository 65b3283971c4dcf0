import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { tryCommand } from './example-command.js'

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
// The command line has no page of its own: see cli.test.ts. What has to be built first: see test/frameworks.
const commands = Object.keys(scripts).filter((name) => /^(demo$|example:(?!(cli|next|sveltekit)$))/.test(name))

it.each(commands)('npm run %s starts everything, prints a link that works, outlives bad requests, and ends', (name) =>
  tryCommand(name),
)
