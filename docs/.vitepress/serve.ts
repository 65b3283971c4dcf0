import { serve } from 'vitepress'
import { buildSite } from './build.js'
import { DOCS } from './paths.js'

/** `npm run docs`: builds the site and serves it on this machine. */
await buildSite()
await serve({ root: DOCS, port: Number(process.env['PORT'] ?? 4173) })
