import { readFileSync } from 'node:fs'
import ts from 'typescript'
import type { Snippet } from './documents.js'

const root = new URL('../../', import.meta.url).pathname
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }

/** What the compiler says about each snippet as a module that stands alone, with this package's sources as `proofkey`. */
export function messagesOfSnippets(snippets: readonly Snippet[]): string[][] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = new Map(snippets.map(({ language, code }, index) => [`${root}snippet-${index}.${language}`, code]))
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.readFile = (name) => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, version) => {
    const code = files.get(name)
    return code === undefined ? getSourceFile(name, version) : ts.createSourceFile(name, code, version)
  }
  const entries = Object.keys(exports)
    .filter((name) => /^\.\/[\w-]+$/.test(name))
    .map((name) => [`proofkey/${name.slice(2)}`, [`./src/${name.slice(2)}.ts`]])
  const paths = { proofkey: ['./src/index.ts'], ...Object.fromEntries(entries) }
  const program = ts.createProgram([...files.keys()], { ...options, paths, baseUrl: root, noUnusedLocals: false }, host)
  return [...files.keys()].map((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  )
}
