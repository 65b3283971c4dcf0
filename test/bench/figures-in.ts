/** Three spaces or more part the columns of `textTable`. */
const cellsOf = (line: string) => line.trim().split(/ {3,}/)

/** The figures in what a benchmark prints: the first number of each cell, by its row and its column. */
export function figuresIn(output: string): Map<string, number> {
  const lines = output.split('\n')
  const figures = new Map<string, number>()
  let head: string[] | undefined
  for (const [at, line] of lines.entries()) {
    if (/^─+$/.test(lines[at + 1] ?? '')) head = cellsOf(line)
    else if (!line.trim()) head = undefined
    else if (head && !/^─+$/.test(line)) {
      const [name, ...cells] = cellsOf(line)
      for (const [column, cell] of cells.entries()) {
        const [number] = /-?\d[\d,]*(?:\.\d+)?/.exec(cell) ?? []
        if (number) figures.set(`${name}, ${head[column + 1] ?? column + 1}`, Number(number.replaceAll(',', '')))
      }
    }
  }
  return figures
}
