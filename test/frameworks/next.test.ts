import { startNext } from '../../examples/next/serve.js'
import { describeServerExample } from '../e2e/server-example-suite.js'

describeServerExample({ folder: 'next', start: () => startNext(0) })
