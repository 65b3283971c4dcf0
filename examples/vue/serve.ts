import vue from '@vitejs/plugin-vue'
import { serve } from '../lib/example.js'
import { startFramework } from '../lib/framework.js'

export const startVue = (port?: number) => startFramework(import.meta.url, [vue()], port)

await serve(import.meta.url, 'proofkey with Vue', startVue)
