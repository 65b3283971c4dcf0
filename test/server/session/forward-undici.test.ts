import { describe } from 'vitest'
import { undiciFetch } from '../../../src/node.js'
import { forwardWith } from '../../helpers/forward-app.js'

/** What holds with the global `fetch` holds with this one. */
forwardWith(undiciFetch())
describe('requests', async () => {
  await import('./forward.test.js')
})
describe('streams', async () => {
  await import('./forward-streams.test.js')
})
