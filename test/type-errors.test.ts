import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = new URL('../', import.meta.url).pathname
const FILE = `${root}src/compiled-by-a-test.ts`
const GIVEN = "{ issuer: 'https://as.example', clientId: 'app', redirectUri: 'https://app.example/cb'"
const SERVER = `${GIVEN}, clientAuth: none(), vault: sealedCookie({ keys: [] })`

const calls: readonly (readonly [call: string, message: RegExp])[] = [
  [`createClient(${GIVEN}, clientSecret: 'x' })`, /'clientSecret' does not exist in type .*ClientConfig/],
  [`createClient(${GIVEN}, timeoutSecond: 10 })`, /Did you mean to write 'timeoutSeconds'/],
  [`createClient(${GIVEN}, insecure: true })`, /'boolean' is not assignable to type 'InsecureSwitch'/],
  [`createClient(${GIVEN}, dpop: true })`, /'boolean' is not assignable to type 'Dpop'/],
  [`createClient({ issuer: 'https://as.example', redirectUri: '' })`, /Property 'clientId' is missing/],
  [`createSessionClient(${GIVEN}, idleSecond: 9, dpop: dpop() })`, /Did you mean to write 'idleSeconds'/],
  [`createSessionClient(${GIVEN}, userAgent: 'popup' })`, /'string' is not assignable to type 'UserAgent'/],
  [`createServerClient(${SERVER}, secret: 'x' })`, /'secret' does not exist in type 'ServerClientConfig/],
  [`createServerClient(${SERVER}, insecure: true })`, /'boolean' is not assignable to type 'InsecureSwitch'/],
]

/** The errors of each call, which stands on a line of its own. */
function errorsByLine(): string[][] {
  const imports =
    "import { createClient, createSessionClient, dpop } from './index.js'; import { createServerClient, none, sealedCookie } from './server.js'"
  const text = [imports, ...calls.map(([call]) => call)].join('\n')
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (name) => (name === FILE ? text : readFile(name))
  host.fileExists = (name) => name === FILE || fileExists(name)
  const { getSourceFile } = host
  host.getSourceFile = (name, ...more) =>
    name === FILE ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...more)
  const program = ts.createProgram([FILE], options, host)
  const lines: string[][] = calls.map(() => [])
  const file = program.getSourceFile(FILE)
  for (const { start = 0, messageText } of program.getSemanticDiagnostics(file)) {
    const { line } = file!.getLineAndCharacterOfPosition(start)
    lines[line - 1]!.push(ts.flattenDiagnosticMessageText(messageText, '\n'))
  }
  return lines
}

describe('a wrong option', () => {
  const lines = errorsByLine()
  it.each(calls.map(([call, message], index) => [call, message, index] as const))('%s', (_, message, index) => {
    const errors = lines[index]
    expect(errors).toHaveLength(1)
    expect(errors?.[0]).toMatch(message)
    expect(errors?.[0]).not.toMatch(/overload/i)
  })
})
