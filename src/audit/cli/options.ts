import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './usage-error.js'

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const

const OPTIONS = {
  'client-id': text,
  'client-auth': text,
  'client-secret-env': text,
  'client-secret-file': text,
  'private-key-file': text,
  cert: text,
  key: text,
  'other-client-id': text,
  'other-client-auth': text,
  'other-client-secret-env': text,
  'other-client-secret-file': text,
  'other-private-key-file': text,
  'other-cert': text,
  'other-key': text,
  scope: text,
  product: text,
  'redirect-uri': text,
  'sign-in': text,
  'storage-state': text,
  sets: texts,
  only: texts,
  skip: texts,
  slow: flag,
  har: texts,
  format: texts,
  output: texts,
  'fail-on': text,
  baseline: text,
  'i-may-test-this': flag,
  'no-color': flag,
  list: flag,
  explain: text,
  help: { type: 'boolean', short: 'h' },
  version: flag,
} as const satisfies ParseArgsConfig['options']

export type CliOptions = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** Options that would carry a secret: every program of the machine can read them, and the shell keeps them. */
const SECRETS = /^(other-)?(client-secret|secret|password|client-password|private-key|token|client-assertion)$/

/**
 * Reads the command line.
 * @throws UsageError; values are not shown, because one could be a secret in the wrong place
 */
export function parseOptions(args: readonly string[]): { values: CliOptions; positionals: string[] } {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (SECRETS.test(name))
      throw new UsageError(
        `${rawName}: a secret on the command line can be read by every program of this machine, and the shell keeps it.`,
        'Use --client-secret-env NAME, --client-secret-file FILE or --private-key-file FILE.',
      )
    const known = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof typeof OPTIONS] : undefined
    if (!known) throw new UsageError(`There is no option ${rawName}.`, nearest(name))
    if (known.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value.`)
    // What follows an option is its value, but for another option: that is a value forgotten.
    if (
      known.type === 'string' &&
      (value === undefined || value === '' || (!token.inlineValue && /^--?\w/.test(value)))
    )
      throw new UsageError(`${rawName} needs a value.`)
    if (known.type === 'string' && !('multiple' in known) && tokens.some((other) => isTwin(token, other)))
      throw new UsageError(`${rawName} is there twice.`)
  }
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
}

type Token = { kind: string; index: number; name?: string }
const isTwin = (token: Token, other: Token) =>
  other.kind === 'option' && other.name === token.name && other.index !== token.index

function nearest(name: string): string | undefined {
  const [best] = Object.keys(OPTIONS)
    .map((option) => ({ option, distance: distance(name, option) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= 3 ? `Did you mean --${best.option}?` : undefined
}

/** How many letters differ (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1)!
}

/** `a,b` and several options are the same. */
export const listed = (given: readonly string[] | undefined): string[] | undefined =>
  given?.flatMap((one) => one.split(',').map((part) => part.trim())).filter(Boolean)
