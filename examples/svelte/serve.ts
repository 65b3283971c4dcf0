import { svelte } from '@sveltejs/vite-plugin-svelte'
import { serve } from '../lib/example.js'
import { startFramework } from '../lib/framework.js'

export const startSvelte = (port?: number) => startFramework(import.meta.url, [svelte({ configFile: false })], port)

await serve(import.meta.url, 'proofkey with Svelte', startSvelte)
