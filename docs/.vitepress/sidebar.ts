import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { linksOf } from './markdown.js'

/** The folders, in the order of the sidebar. A folder that is not listed comes last, under its own name. */
const FOLDERS: Readonly<Record<string, string>> = {
  guide: 'Guides',
  providers: 'Providers',
  deploy: 'Deployment',
  testing: 'Testing an app',
  migrate: 'Coming from',
  errors: 'Errors',
  contribute: 'Contributing',
  api: 'API reference',
}
const NO_PAGES = ['pictures', 'public']

interface SidebarGroup {
  readonly text: string
  readonly collapsed: boolean
  readonly items: { readonly text: string; readonly link: string }[]
}

/** The first heading of a page, as plain text. */
export function titleOf(text: string): string | undefined {
  return /^# (.+)$/m.exec(text)?.[1]?.replace(/[`*_]|\\(?=[^\w\s])/g, '')
}

/**
 * The sidebar: a group for each folder, an item for each page, named by its first heading. Pages come in the order in which the
 * home page or the folder's index links to them, the others after them by their titles.
 */
export function sidebarOf(root: string): SidebarGroup[] {
  const text = (page: string) => (existsSync(root + page) ? readFileSync(root + page, 'utf8') : '')
  const names = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NO_PAGES.includes(entry.name))
    .map(({ name }) => name)
  const known = Object.keys(FOLDERS).filter((name) => names.includes(name))
  return [...known, ...names.filter((name) => !known.includes(name)).sort()].map((folder) => {
    const linked = ['', `${folder}/`].flatMap((from) =>
      linksOf(text(`${from}index.md`)).map((link) => posix.join(from, link.split('#')[0] ?? '')),
    )
    const rank = (page: string) =>
      page === `${folder}/index.md` ? -1 : linked.includes(page) ? linked.indexOf(page) : linked.length
    const items = readdirSync(root + folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => ({ page: `${folder}/${name}`, title: titleOf(text(`${folder}/${name}`)) ?? name }))
      .sort((a, b) => rank(a.page) - rank(b.page) || a.title.localeCompare(b.title, 'en'))
      .map(({ page, title }) => ({ text: title, link: `/${page.replace(/(index)?\.md$/, '')}` }))
    return { text: FOLDERS[folder] ?? folder, collapsed: folder !== 'guide', items }
  })
}
