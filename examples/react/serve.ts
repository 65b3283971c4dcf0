import { serve } from '../lib/example.js'
import { startFramework } from '../lib/framework.js'

export const startReact = (port?: number) => startFramework(import.meta.url, [], port)

await serve(import.meta.url, 'proofkey with React', startReact)
