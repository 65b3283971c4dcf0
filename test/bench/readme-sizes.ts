import { sizeRows } from './comparison.js'
import { type Sizes, sizeTable } from './sizes.js'
import { markdownRow, markdownTable } from './table.js'

/** The README with these sizes in its table of bundles and in the first two rows of the comparison. */
export function readmeWithSizes(readme: string, sizes: Sizes): string {
  const table = `<!-- npm run sizes -->\n${markdownTable(sizeTable(sizes))}\n<!-- /npm run sizes -->`
  return sizeRows(sizes.contestants).reduce(
    (text, row) => replaceOnce(text, new RegExp(`^\\| ${row[0]} \\|.*$`, 'm'), markdownRow(row)),
    replaceOnce(readme, /<!-- npm run sizes -->.*<!-- \/npm run sizes -->/s, table),
  )
}

function replaceOnce(text: string, place: RegExp, by: string): string {
  if (!place.test(text)) throw new Error(`The README has no ${place}.`)
  return text.replace(place, () => by)
}
