import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { tryCommand } from './example-command.js'

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
// Command lines have no page of their own: see cli.test.ts and test/mcp. What has to be built first: see test/frameworks.
// framework-examples.test.ts tries those that it has started.
const commands = Object.keys(scripts).filter((name) =>
  /^(demo$|example:(?!(cli|mcp|next|sveltekit|angular|react|svelte|vue)$))/.test(name),
)

it.each(commands)('npm run %s starts everything, prints a link that works, outlives bad requests, and ends', (name) =>
  tryCommand(name),
)
