import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'
import { createApp } from './app.js'

export const startExpress = (port?: number) => startServerExample({ client_id: 'express-app' }, createApp, port)

await serve(import.meta.url, 'proofkey with Express', startExpress)
