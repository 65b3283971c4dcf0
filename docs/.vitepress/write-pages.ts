import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { withLinks } from './markdown.js'
import { DOCS, PAGES, REPOSITORY, ROOT } from './paths.js'
import { writeApiPages } from './write-api-pages.js'

/** The pages that people wrote, by their paths in `docs/`. */
export const writtenPages = (): string[] =>
  readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/^(\.|api\/|public\/)/.test(name))
    .sort()

/**
 * A page as the site has it: a link out of `docs/` leads to the repository.
 * @throws Error if it leads to a file that does not exist
 */
export function pageOfSite(page: string, text: string): string {
  return withLinks(text, (target) => {
    if (/^(\w+:|#|\/)/.test(target)) return target
    const [path = '', anchor] = target.split('#')
    const file = posix.join('docs', posix.dirname(page), path)
    if (!existsSync(ROOT + file)) throw new Error(`docs/${page}: the link ${target} leads to no file`)
    return file.startsWith('docs/') ? target : `${REPOSITORY}/blob/main/${file}${anchor ? `#${anchor}` : ''}`
  })
}

/** Writes all that VitePress reads. */
export async function writePages(): Promise<void> {
  rmSync(PAGES, { recursive: true, force: true })
  for (const page of writtenPages()) {
    mkdirSync(dirname(PAGES + page), { recursive: true })
    writeFileSync(PAGES + page, pageOfSite(page, readFileSync(DOCS + page, 'utf8')))
  }
  cpSync(`${DOCS}pictures`, `${PAGES}pictures`, { recursive: true, filter: (name) => !name.endsWith('.ts') })
  await writeApiPages(`${PAGES}api`)
}
