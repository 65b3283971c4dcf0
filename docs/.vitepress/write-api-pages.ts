import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Application, Converter, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { ENTRIES, REPOSITORY, ROOT } from './paths.js'

/** The entry point without a name of its own. */
const MAIN = 'proofkey'

const OPTIONS: Partial<TypeDocOptions & PluginOptions> = {
  entryPoints: ENTRIES.map((name) => `${ROOT}src/${name}.ts`),
  tsconfig: `${ROOT}tsconfig.json`,
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  disableGit: true,
  sourceLinkTemplate: `${REPOSITORY}/blob/main/src/{path}#L{line}`,
  basePath: `${ROOT}src`,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // What the types need is checked by `npm run lint:types`.
  skipErrorChecking: true,
  outputFileStrategy: 'modules',
  entryFileName: 'index',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases', 'References'],
  hideGroupHeadings: false,
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: {
    hideInherited: true,
    hideOverrides: true,
    hideSources: true,
    hideDefaults: true,
    hideModifiers: true,
  },
  pageTitleTemplates: {
    index: () => 'API reference',
    module: ({ name }) => (name === MAIN ? name : `${MAIN}/${name}`),
  },
  logLevel: 'Warn',
}

/** A page whose links to numbered headings lead to the first one of that name, because VitePress numbers them in another way. */
const withoutNumbers = (page: string): string => page.replace(/\]\((\S*#(?!property-)[a-z_]+)-\d+\)/g, ']($1)')

/** Writes the reference of every entry point from the doc comments. */
export async function writeApiPages(folder: string): Promise<void> {
  // Without `outputs` typedoc empties its default folder, which is docs/.
  const app = await Application.bootstrapWithPlugins({ ...OPTIONS, outputs: [{ name: 'markdown', path: folder }] })
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const entry of project.children ?? []) if (entry.name === 'index') entry.name = MAIN
  })
  const project = await app.convert()
  if (project) await app.generateOutputs(project)
  if (!project || app.logger.hasErrors()) throw new Error('typedoc could not write the reference.')
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
    const file = `${folder}/${name}`
    writeFileSync(file, withoutNumbers(readFileSync(file, 'utf8')))
  }
}
