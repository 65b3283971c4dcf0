/** What names a mutant: it does not depend on line numbers. */
export interface Mutant {
  /** Below `src/`. */
  readonly file: string
  /** The first line that the mutant changes. */
  readonly line: string
  readonly original: string
  readonly replacement: string
}

export interface Equivalent extends Mutant {
  readonly reason: string
}

const HEADING = /^## src\/(\S+)$/
const ENTRY = /^- In `` (.*?) ``: `` (.*?) `` → `` (.*?) ``\.(?: (.+))?$/

/** Reads the list: a heading for each file, a line for each mutant. @throws for a line that is neither, or has no reason */
export function readEquivalents(markdown: string): readonly Equivalent[] {
  let file: string | undefined
  const found: Equivalent[] = []
  for (const text of markdown.split('\n')) {
    file = HEADING.exec(text)?.[1] ?? file
    if (!text.startsWith('- ')) continue
    const [, line, original, replacement, reason] = ENTRY.exec(text) ?? []
    if (!file || line === undefined || original === undefined || replacement === undefined || !reason)
      throw new Error(`equivalent.md: this line has another form than the others, or no reason: ${text}`)
    found.push({ file, line, original, replacement, reason })
  }
  return found
}

/** A mutant as a line of the list; the reason is for its reader to add. */
export const asEntry = ({ line, original, replacement }: Mutant): string =>
  `- In \`\` ${line} \`\`: \`\` ${original} \`\` → \`\` ${replacement} \`\`.`

export const keyOf = ({ file, line, original, replacement }: Mutant): string =>
  JSON.stringify([file, line, original, replacement])

/** Code in one line, cut off where it is long. */
export function inOneLine(code: string): string {
  const text = code.replace(/\s+/g, ' ').trim()
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
