import { fail, inconclusive, notApplicable, pass, type Verdict, warning } from '../check.js'
import { tryEach } from '../run/try-each.js'

/** Variants of one attack, by what is different in them. */
export type Variants = Readonly<Record<string, () => Promise<Verdict>>>

/**
 * Tries each variant. One that succeeds decides, then one that gives a warning; one that could not be told leaves the whole
 * check inconclusive.
 */
export async function tryVariants(variants: Variants): Promise<Verdict> {
  const found = await tryEach(variants, inconclusive)
  /** What was said, and of which variants. */
  const text = (result: Verdict['result']) => {
    const byText = new Map<string, string[]>()
    for (const [what, verdict] of found)
      if (verdict.result === result) byText.set(verdict.observed, [...(byText.get(verdict.observed) ?? []), what])
    return [...byText].map(([observed, names]) => `${names.join(', ')}: ${observed}`).join(' ')
  }
  const has = (result: Verdict['result']) => found.some(([, verdict]) => verdict.result === result)
  const unknown = has('inconclusive') ? ` Could not be told: ${text('inconclusive')}` : ''
  if (has('fail')) return fail(`${text('fail')} ${text('warning')}`.trim() + unknown)
  if (has('warning')) return warning(text('warning') + unknown)
  if (unknown) return inconclusive(unknown.trim())
  return has('pass') ? pass(text('pass')) : notApplicable(text('not_applicable'))
}
