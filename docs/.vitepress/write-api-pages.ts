import { Application, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { ENTRIES, REPOSITORY, ROOT } from './paths.js'

const OPTIONS: Partial<TypeDocOptions & PluginOptions> = {
  entryPoints: ENTRIES.map((name) => `${ROOT}src/${name}.ts`),
  tsconfig: `${ROOT}tsconfig.json`,
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  disableGit: true,
  sourceLinkTemplate: `${REPOSITORY}/blob/main/{path}#L{line}`,
  basePath: ROOT,
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
  logLevel: 'Warn',
}

/** Writes the reference of every entry point from the doc comments. */
export async function writeApiPages(folder: string): Promise<void> {
  // Without `outputs` typedoc empties its default folder, which is docs/.
  const app = await Application.bootstrapWithPlugins({ ...OPTIONS, outputs: [{ name: 'markdown', path: folder }] })
  const project = await app.convert()
  if (project) await app.generateOutputs(project)
  if (!project || app.logger.hasErrors()) throw new Error('typedoc could not write the reference.')
}
