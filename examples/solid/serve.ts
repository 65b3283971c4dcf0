import solid from 'vite-plugin-solid'
import { serve } from '../lib/example.js'
import { startFramework } from '../lib/framework.js'

export const startSolid = (port?: number) => startFramework(import.meta.url, [solid()], port)

await serve(import.meta.url, 'proofkey with Solid', startSolid)
