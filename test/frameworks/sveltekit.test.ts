import { it } from 'vitest'
import { startSvelteKit } from '../../examples/sveltekit/serve.js'
import { tryCommand } from '../e2e/example-command.js'
import { describeServerExample } from '../e2e/server-example-suite.js'

describeServerExample({ folder: 'sveltekit', start: () => startSvelteKit(0), callAt: '/' })

it('npm run example:sveltekit starts everything, prints a link that works, outlives bad requests, and ends', () =>
  tryCommand('example:sveltekit'))
