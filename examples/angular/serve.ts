import { serve } from '../lib/example.js'
import { startFramework } from '../lib/framework.js'
import { angular } from './compiler.js'

export const startAngular = (port?: number) => startFramework(import.meta.url, [angular(import.meta.url)], port)

await serve(import.meta.url, 'proofkey with Angular', startAngular)
