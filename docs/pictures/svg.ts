/** Parts of pictures. All are 480 units wide, so that text of 14 units can be read on a phone. */
export const WIDTH = 480
const LINE = 18

const STYLE = `
:root { color-scheme: light dark }
text { font: 14px system-ui, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px }
.bold { font-weight: 600 }
.paper { fill: #ffffff; stroke: #d0d7de }
.over { stroke: #ffffff; stroke-width: 5px; paint-order: stroke; stroke-linejoin: round }
.box { fill: #f3f5f7; stroke: #818b98 }
.safe { fill: #ddf4e4; stroke: #1a7f37 }
.key { fill: #fff3c9; stroke: #9a6700 }
.far { fill: #e3eefc; stroke: #0b5cc0 }
.life, .line { fill: none; stroke: #818b98 }
.line { stroke: #1f2328; stroke-width: 1.5px }
.life { stroke-dasharray: 3 4 }
.tip { fill: #1f2328 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .paper { fill: #16181d; stroke: #3d444d }
  .over { stroke: #16181d }
  .box { fill: #24282f; stroke: #8b949e }
  .safe { fill: #12361f; stroke: #3fb950 }
  .key { fill: #3f3206; stroke: #d29922 }
  .far { fill: #12294a; stroke: #58a6ff }
  .line { stroke: #e6edf3 }
  .life { stroke: #6e7681 }
  .tip { fill: #e6edf3 }
}`

const escaped = (value: string) => value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** How high so many lines of text are. */
export const heightOf = (lines: readonly string[]): number => lines.length * LINE

interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly className?: string
}

/** Lines of text; `y` is the top of the first one. What stands in backticks is code. */
export function text(x: number, y: number, lines: readonly string[], options: TextOptions = {}): string {
  const { anchor = 'middle', className = '' } = options
  return lines
    .map((line, index) => {
      const spans = line
        .split('`')
        .map((part, code) => (code % 2 ? `<tspan class="mono">${escaped(part)}</tspan>` : escaped(part)))
      return `<text x="${x}" y="${y + LINE * index + 13}" text-anchor="${anchor}" class="${className}">${spans.join('')}</text>`
    })
    .join('\n')
}

export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A box with its text in the middle. */
export function box(area: Area, lines: readonly string[], className = 'box'): string {
  const { x, y, width, height } = area
  const top = y + (height - heightOf(lines)) / 2
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="${className}"/>
${text(x + width / 2, top, lines)}`
}

/** A line through these points, with a tip at its last one. */
export function arrow(...points: readonly (readonly [x: number, y: number])[]): string {
  const [[x, y] = [0, 0], [fromX, fromY] = [0, 0]] = points.slice(-2).reverse()
  const degrees = (Math.atan2(y - fromY, x - fromX) * 180) / Math.PI
  return `<polyline points="${points.map((point) => point.join(',')).join(' ')}" class="line"/>
<path d="M0 0L-9 -4.5V4.5Z" transform="translate(${x} ${y}) rotate(${Number(degrees.toFixed(1))})" class="tip"/>`
}

/** A whole picture. `title` is what a screen reader says of it. */
export const picture = (height: number, title: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" class="paper"/>
${parts.join('\n')}
</svg>
`
