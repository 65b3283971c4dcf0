import { startSvelteKit } from '../../examples/sveltekit/serve.js'
import { describeServerExample } from '../e2e/server-example-suite.js'

describeServerExample({ folder: 'sveltekit', start: () => startSvelteKit(0), callAt: '/' })
