import { resultsNotKept, sessionTransitions } from './session-transitions.js'
import { arrow, box, heightOf, picture, text } from './svg.js'

/** The session machine, as it behaves when it is run. */
export async function sessionStates(): Promise<string> {
  const transitions = await sessionTransitions()
  const events = (from: string, to: string) =>
    transitions.filter((one) => one.from === from && one.to === to).map(({ event }) => event)
  const ends = events('signed_in', 'signed_out').map((reason) => `\`${reason}\``)
  const starts = events('signed_out', 'signed_in')
  const between = Math.max(heightOf(ends), heightOf(starts)) + 44
  const upper = { x: 120, y: 66, width: 240, height: 58 }
  const lower = { ...upper, y: upper.y + upper.height + between, height: 40 }
  const above = lower.y - between / 2
  const below = lower.y + lower.height
  const loop = events('signed_in', 'signed_in')
  const late = (await resultsNotKept()).map((name) => `· ${name}`)
  const loopHeight = heightOf(loop)
  return picture(
    below + 64 + loopHeight + heightOf(late) + 46,
    'The states of a session and what leads from one to the other',
    [
      text(240, 10, [
        `${events('signed_out', 'signed_out')
          .map((one) => `\`${one}\``)
          .join(', ')}: recorded as well`,
      ]),
      arrow([180, upper.y], [180, 40], [300, 40], [300, upper.y]),
      box(upper, ['`signed_out`', 'why: a tombstone in the store']),
      arrow([170, upper.y + upper.height], [170, lower.y]),
      text(160, above - heightOf(starts) / 2, starts, { anchor: 'end' }),
      arrow([310, lower.y], [310, upper.y + upper.height]),
      text(320, above - heightOf(ends) / 2, ends, { anchor: 'start' }),
      box(lower, ['`signed_in`'], 'safe'),
      arrow([180, below], [180, below + 22], [300, below + 22], [300, below]),
      text(240, below + 28, loop),
      box({ x: 14, y: below + 44 + loopHeight, width: 452, height: heightOf(late) + 52 }, [], 'key'),
      text(
        26,
        below + 52 + loopHeight,
        [
          'Each arrow raises the epoch. Not kept, but disposed of:',
          ...late,
          'Tokens of a session that ends are revoked.',
        ],
        {
          anchor: 'start',
        },
      ),
    ],
  )
}
