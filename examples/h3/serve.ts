import { toNodeHandler } from 'h3'
import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'
import { createApp } from './app.js'

export const startH3 = (port?: number) =>
  startServerExample({ client_id: 'h3-app' }, (surroundings) => toNodeHandler(createApp(surroundings)), port)

await serve(import.meta.url, 'proofkey with h3', startH3)
