import { arrow, box, heightOf, text, WIDTH } from './svg.js'

interface Lane {
  readonly name: readonly string[]
  readonly className?: string
}

/** A message from one lane to another, or a note at one lane or over several. Lanes are named by their index. */
export type Step =
  | { readonly from: number; readonly to: number; readonly says: readonly string[] }
  | { readonly at: number; readonly to?: number; readonly note: readonly string[]; readonly className?: string }

export interface Sequence {
  readonly heading?: string
  readonly lanes: readonly Lane[]
  readonly steps: readonly Step[]
}

const MARGIN = 10
const GAP = 12

/** Draws who sends what to whom, from the top down. */
export function drawSequence({ heading, lanes, steps }: Sequence, top: number): { parts: string[]; bottom: number } {
  const width = (WIDTH - 2 * MARGIN) / lanes.length
  const center = (lane: number) => MARGIN + width * (lane + 0.5)
  const headHeight = Math.max(...lanes.map(({ name }) => heightOf(name))) + 12
  const parts: string[] = []
  let y = top + GAP
  if (heading) {
    parts.push(text(MARGIN + 4, y, [heading], { anchor: 'start', className: 'bold' }))
    y += 26
  }
  const heads = lanes.map(({ name, className }, lane) =>
    box({ x: center(lane) - width / 2 + 4, y, width: width - 8, height: headHeight }, name, className),
  )
  y += headHeight
  const from = y
  const drawn: string[] = []
  for (const step of steps) {
    y += GAP
    if ('note' in step) {
      const [left, right] = [Math.min(step.at, step.to ?? step.at), Math.max(step.at, step.to ?? step.at)]
      const x = center(left) - width / 2 + 4
      const height = heightOf(step.note) + 10
      drawn.push(box({ x, y, width: width * (right - left + 1) - 8, height }, step.note, step.className))
      y += height
    } else {
      const [start, end] = [center(step.from), center(step.to)]
      drawn.push(text((start + end) / 2, y, step.says, { className: 'over' }))
      y += heightOf(step.says) + 5
      drawn.push(arrow([start, y], [end, y]))
    }
  }
  y += GAP
  const lives = lanes.map((_, lane) => `<path d="M${center(lane)} ${from}V${y}" class="life"/>`)
  return { parts: [...parts, ...heads, ...lives, ...drawn], bottom: y }
}
