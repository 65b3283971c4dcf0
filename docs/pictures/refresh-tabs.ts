import { drawSequence } from './sequence.js'
import { picture } from './svg.js'

const [ONE, STORE, TWO, SERVER] = [0, 1, 2, 3]

/** Two tabs whose access token expires at the same time: one request. */
export function refreshTabs(): string {
  const { parts, bottom } = drawSequence(
    {
      lanes: [
        { name: ['tab 1'] },
        { name: ['lock and', 'store'], className: 'safe' },
        { name: ['tab 2'] },
        { name: ['authorization', 'server'], className: 'far' },
      ],
      steps: [
        { at: ONE, to: TWO, note: ['the access token has expired,', 'and both tabs call an API'] },
        { from: ONE, to: STORE, says: ['lock: granted'] },
        { from: TWO, to: STORE, says: ['lock: waits'] },
        { from: STORE, to: ONE, says: ['epoch 7'] },
        { from: ONE, to: SERVER, says: ['refresh token'] },
        { from: SERVER, to: ONE, says: ['new tokens'] },
        { from: ONE, to: STORE, says: ['epoch 8, if', 'still 7'] },
        { from: ONE, to: TWO, says: ['“changed”, and the lock is released'] },
        { from: STORE, to: TWO, says: ['lock: granted,', 'epoch 8'] },
        { at: TWO, className: 'safe', note: ['new tokens,', 'no request'] },
        {
          at: ONE,
          to: SERVER,
          className: 'key',
          note: ['A sign-out in between raises the epoch: the new tokens', 'are then not stored, but revoked.'],
        },
      ],
    },
    0,
  )
  return picture(
    bottom,
    'A refresh over two tabs: one takes the lock and refreshes, the other reads the new tokens',
    parts,
  )
}
