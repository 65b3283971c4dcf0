import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { ENTRIES, ROOT } from '../../docs/.vitepress/paths.js'
import { messagesOfSnippets } from '../helpers/compile-snippets.js'
import { snippetsOf } from '../helpers/documents.js'

interface Exported {
  readonly name: string
  readonly isFunction: boolean
  readonly summary: string
  readonly examples: readonly string[]
}

/** What the entry points export, each symbol once, with what its doc comment says. */
function exportedSymbols(): Exported[] {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const files = ENTRIES.map((name) => `${ROOT}src/${name}.ts`)
  const program = ts.createProgram(files, options)
  const checker = program.getTypeChecker()
  const symbols = new Set<ts.Symbol>()
  for (const file of files) {
    const entry = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
    for (const symbol of checker.getExportsOfModule(entry))
      symbols.add(symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  }
  return [...symbols].map((symbol) => ({
    name: symbol.name,
    isFunction:
      !!(symbol.flags & ts.SymbolFlags.Value) && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0,
    summary: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
    examples: symbol
      .getJsDocTags(checker)
      .filter(({ name }) => name === 'example')
      .map(({ text }) => ts.displayPartsToString(text)),
  }))
}

describe('the doc comments of what is exported', () => {
  const symbols = exportedSymbols()
  const functions = symbols.filter(({ isFunction }) => isFunction)

  it('are found', () => {
    expect(symbols.length).toBeGreaterThan(300)
    expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining(['createClient', 'audit', 'google']))
  })

  it('say what each is', () => {
    expect(symbols.filter(({ summary }) => !/\w/.test(summary)).map(({ name }) => name)).toEqual([])
  })

  it('show how each function is called', () => {
    expect(functions.filter(({ examples }) => !examples.length).map(({ name }) => name)).toEqual([])
    for (const { name, examples } of functions) expect(examples.join('\n')).toContain(name)
  })

  it('have no example that does not compile', () => {
    const all = symbols.flatMap(({ name, examples }) =>
      examples.flatMap(snippetsOf).map((snippet) => ({ name, snippet })),
    )
    expect(all.length).toBeGreaterThanOrEqual(functions.length)
    const messages = messagesOfSnippets(all.map(({ snippet }) => snippet))
    const wrong = all.map(({ name }, index) => [name, messages[index]]).filter(([, said]) => said?.length)
    expect(wrong).toEqual([])
  }, 60_000)
})

it('an entry point is described by its first comment', () => {
  for (const name of ENTRIES) expect(readFileSync(`${ROOT}src/${name}.ts`, 'utf8'), name).toMatch(/^\/\*\*/)
})
