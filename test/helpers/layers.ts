import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'

/** The floors of the building: imports run down only, and never sideways. */
const FLOORS = [
  ['errors', 'events', 'limits'],
  ['crypto'],
  ['protocol', 'vault'],
  ['user-agents', 'providers'],
  ['flow'],
  ['session'],
  ['client', 'server', 'audit', 'resource-server'],
  ['mcp', 'testing'],
  ['entry points'],
]

/** Where each package may be imported, as a prefix of the file's path. */
const PACKAGES: Record<string, string> = {
  oauth4webapi: 'protocol/',
  'idb-keyval': 'vault/database.ts',
  undici: 'protocol/undici.ts',
  'playwright-core': 'audit/browser/playwright.ts',
}

/** Where Node's own modules may be imported. */
const NODE_ONLY =
  /^(node|cli|audit\/.*|user-agents\/loopback|testing\/listen|server\/edge\/node-re(quest|sponse)|protocol\/client-auth\/mutual-tls)\.ts$/

/** What is wrong with the imports of one file, given by its path in src/, as sentences. */
export function layerViolations(file: string, text: string): string[] {
  return importsOf(text).flatMap((specifier) => {
    const wrong = specifier.startsWith('.') ? wrongFloor(file, specifier) : wrongPackage(file, specifier)
    return wrong ? [`${file} imports ${specifier}: ${wrong}`] : []
  })
}

/** Everything imported, exported from, loaded later or named in a type. */
export const importsOf = (text: string): string[] =>
  ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)

function wrongFloor(file: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
  if (target.startsWith('..')) return 'outside src/'
  const [from, to] = [partOf(file), partOf(target)]
  if (from === to && from !== 'entry points') return undefined
  const [above, below] = [floorOf(from), floorOf(to)]
  if (above < 0 || below < 0) return `no floor is known for ${above < 0 ? from : to}`
  if (above === below) return `${from} and ${to} are on one floor`
  return above < below ? `${to} is above ${from}` : undefined
}

/** The folder in src/; or, of the files that lie there, ground floor or entry point. */
function partOf(path: string): string {
  const [part = '', ...rest] = path.split('/')
  if (rest.length) return part
  const name = part.replace(/\.ts$/, '')
  return floorOf(name) === 0 ? name : 'entry points'
}

const floorOf = (part: string): number => FLOORS.findIndex((parts) => parts.includes(part))

function wrongPackage(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return NODE_ONLY.test(file) ? undefined : 'a module of Node'
  }
  const place = PACKAGES[specifier]
  if (!place) return 'a package that is not among the dependencies'
  return file.startsWith(place) ? undefined : `only ${place} does`
}

/** The statements of an entry point that do more than pass on what others export. */
export function statementsBesidesReexports(text: string): string[] {
  const { statements } = ts.createSourceFile('entry.ts', text, ts.ScriptTarget.ESNext, true)
  return statements
    .filter((statement) => !(ts.isExportDeclaration(statement) && statement.moduleSpecifier))
    .map((statement) => statement.getText())
}
