export type Row = readonly string[]

/** Columns as wide as their widest cell; the first one to the left, the others to the right. */
export function textTable(rows: readonly Row[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: Row) =>
    row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('   ')
  const [head, ...body] = rows.map(line)
  return [head, '─'.repeat(head!.length), ...body].join('\n')
}

export function markdownTable([head, ...body]: readonly Row[]): string {
  return [head!, head!.map((_, column) => (column ? '---:' : '---')), ...body].map(markdownRow).join('\n')
}

export const markdownRow = (row: Row): string => `| ${row.join(' | ')} |`
