import { anatomy } from './anatomy.js'
import { comparison, notes, spread } from './comparison.js'
import { figures } from './figures.js'
import { EVERY_TIMED, type Results } from './results.js'
import { sizeTable } from './sizes.js'
import { markdownTable, textTable } from './table.js'

export const report = (results: Results): string =>
  [
    textTable(comparison(results)),
    notes(results),
    textTable(spread(results)),
    ...EVERY_TIMED.map((what) => textTable(anatomy(results, what))),
    textTable(sizeTable(results.sizes)),
    figures(results).join('\n'),
  ].join('\n\n')

/** The comparison alone, as it stands in the README. */
export const markdown = (results: Results): string => [markdownTable(comparison(results)), notes(results)].join('\n\n')
