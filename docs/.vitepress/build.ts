import { build } from 'vitepress'
import { DOCS } from './paths.js'
import { writeExtras } from './write-extras.js'
import { writePages } from './write-pages.js'

/** Builds the site in `docs/.vitepress/dist`. @throws Error for a link to a page that does not exist */
export async function buildSite(): Promise<void> {
  await writePages()
  await build(DOCS)
  writeExtras()
}

/** `npm run docs:build`; `npm run docs` also serves it. */
if (process.argv[1] === import.meta.filename) await buildSite()
