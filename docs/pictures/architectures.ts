import { drawSequence, type Sequence } from './sequence.js'
import { picture } from './svg.js'

const [PAGE, BACKEND, SERVER, API] = [0, 1, 2, 3]

const lanes = (page: string[], backend: string[] | undefined): Sequence['lanes'] => [
  { name: ['page', ...page], className: 'safe' },
  { name: backend ? ['backend', ...backend] : ['no', 'backend'], className: backend ? 'safe' : 'box' },
  { name: ['authorization', 'server'], className: 'far' },
  { name: ['API'], className: 'far' },
]

const ARCHITECTURES: readonly Sequence[] = [
  {
    heading: '1. Tokens in the page',
    lanes: lanes(['has verifier', 'and tokens'], undefined),
    steps: [
      { from: PAGE, to: SERVER, says: ['code + verifier'] },
      { from: SERVER, to: PAGE, says: ['tokens'] },
      { from: PAGE, to: API, says: ['access token'] },
    ],
  },
  {
    heading: '2. Verifier in the page, exchange at the backend',
    lanes: lanes(['has verifier,', 'then a cookie'], ['has tokens,', 'credential']),
    steps: [
      { from: PAGE, to: BACKEND, says: ['code +', 'verifier'] },
      { from: BACKEND, to: SERVER, says: ['code +', 'verifier +', 'credential'] },
      { from: SERVER, to: BACKEND, says: ['tokens'] },
      { from: BACKEND, to: PAGE, says: ['your cookie'] },
    ],
  },
  {
    heading: '3. Session at the backend',
    lanes: lanes(['has one', 'cookie'], ['has verifier,', 'tokens,', 'credential']),
    steps: [
      { from: BACKEND, to: SERVER, says: ['code +', 'verifier +', 'credential'] },
      { from: SERVER, to: BACKEND, says: ['tokens'] },
      { from: BACKEND, to: PAGE, says: ['cookie that no', 'script reads'] },
      { from: PAGE, to: BACKEND, says: ['cookie'] },
      { from: BACKEND, to: API, says: ['access token'] },
    ],
  },
]

/** Three ways to divide the work between a page and a backend. */
export function architectures(): string {
  const parts: string[] = []
  let y = 0
  for (const one of ARCHITECTURES) {
    const drawn = drawSequence(one, y)
    parts.push(...drawn.parts)
    y = drawn.bottom + 8
  }
  return picture(y, 'Three ways to divide the work between a page and a backend', parts)
}
