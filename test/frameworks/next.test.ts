import { it } from 'vitest'
import { startNext } from '../../examples/next/serve.js'
import { tryCommand } from '../e2e/example-command.js'
import { describeServerExample } from '../e2e/server-example-suite.js'

describeServerExample({ folder: 'next', start: () => startNext(0) })

it('npm run example:next starts everything, prints a link that works, outlives bad requests, and ends', () =>
  // Next.js itself answers TRACE with 500.
  tryCommand('example:next', /^HTTP\/1\.1 5(?!00)/))
