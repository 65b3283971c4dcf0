import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'
import { createApp } from './app.js'

export const startFastify = (port?: number) =>
  startServerExample(
    { client_id: 'fastify-app' },
    async (surroundings) => {
      const app = createApp(surroundings)
      await app.ready()
      return { listener: app.routing, close: () => app.close() }
    },
    port,
  )

await serve(import.meta.url, 'proofkey with Fastify', startFastify)
